"""A JSON body means what it says: "20" is text and never a number, and each fault is named by its place.

It must have come whole in good time; files have a pace of their own (`kit.uploads`).
"""

import asyncio
from collections.abc import Awaitable, Iterator
from functools import cache
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

from purvey.kit import ids, times
from purvey.kit.depth import keep_limit
from purvey.kit.errors import FieldError, TooSlow
from purvey.kit.misreads import NO_NUL, fault_of

T = TypeVar("T")
NUL = b"\\u0000"
BODY_SECONDS = 30.0


class StrictRequest(Request[Any, Any, Any]):
    """The framework bends what is sent until it fits; this reads the body as the door's own type or not at all."""

    async def body(self) -> bytes:
        """What was sent; nothing stands for an empty object where no field must be there."""
        return await in_time(super().body()) or self.left_out

    @property
    def left_out(self) -> bytes:
        field = self.route_handler.parsed_data_field
        return b"{}" if field is not None and asks_for_nothing(field.annotation) else b""

    async def json(self) -> Any:
        field = self.route_handler.parsed_data_field
        if field is None:
            return await super().json()
        return self.read(await self.body(), field.annotation)

    async def maybe(self, kind: type[T]) -> T | None:
        """The body as a value of the type, at a door that takes none as well."""
        body = await self.body()
        read: T | None = self.read(body, kind) if body.strip() else None
        return read

    def read(self, body: bytes, kind: Any) -> Any:
        """The body as a value of the type; text with NUL, which PostgreSQL cannot keep, is refused by its place."""
        keep_limit()
        try:
            if NUL in body:
                refuse_nul(msgspec.json.decode(body))
            sent = self.decoded(body, kind)
        except msgspec.MsgspecError as error:
            raise misread(fault_of(str(error), kind)) from None
        except UnicodeDecodeError:
            raise misread(FieldError("", "is not UTF-8", "malformed")) from None
        except RecursionError:
            raise misread(FieldError("", "is nested too deeply", "malformed")) from None
        times.refuse_beyond(sent)
        return sent

    def decoded(self, body: bytes, kind: Any) -> Any:
        return msgspec.json.decode(body, type=kind, dec_hook=ids.sent)


@cache
def asks_for_nothing(kind: Any) -> bool:
    """Whether a body of this kind may be empty."""
    is_form = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    return is_form and not any(field.required for field in msgspec.structs.fields(kind))


async def in_time(reading: Awaitable[T]) -> T:
    """What is read of a client that may be slow, but not for ever; TooSlow."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await reading
    except TimeoutError:
        raise TooSlow(f"The body did not come whole in {BODY_SECONDS:g} seconds") from None


def refuse_nul(value: Any) -> None:
    for place in places_of_nul(value):
        raise misread(FieldError(place, NO_NUL))


def places_of_nul(value: Any, place: str = "") -> Iterator[str]:
    """Where in a decoded body there is such text, as JSON pointers."""
    match value:
        case str() if "\x00" in value:
            yield place
        case list():
            for at, item in enumerate(value):
                yield from places_of_nul(item, f"{place}/{at}")
        case dict():
            for name, item in value.items():
                yield from places_of_nul(name, f"{place}/*")
                yield from places_of_nul(item, f"{place}/{name}")


def misread(fault: FieldError) -> ValidationException:
    """A body that does not fit its type, as the framework's own misreadings."""
    return ValidationException(fault.sentence, extra=[fault])
