"""The ways a request can be turned down. Only the edge (`kit.problems`) knows what they are in HTTP."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field. `pointer` is a JSON pointer into the body (RFC 6901), `query:…` or `header:…`.

    `detail` is a sentence, or what is to be said of the field: "must be in the future".
    """

    pointer: str
    detail: str
    code: str = "invalid"

    @property
    def sentence(self) -> str:
        """The detail with the field that it is about."""
        return f"{self.name} {self.detail}" if self.detail[:1].islower() else self.detail

    @property
    def name(self) -> str:
        """The field in words: prices[0].sku."""
        steps = self.pointer.partition(":")[2] or self.pointer.removeprefix("/").removesuffix("/*")
        return re.sub(r"/([0-9]+)", r"[\1]", steps).replace("/", ".") or "The body"


class Refusal(Exception):
    """An expected no: it has a stable `code`, a sentence that says the way out, and is never logged as an error.

    `detail` is for people; `extra` are further members of the problem body; `retry_after_seconds`
    becomes a Retry-After header.
    """

    code: ClassVar[str] = "conflict"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = code or self.code
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.retry_after_seconds = retry_after_seconds

    @classmethod
    def field(cls, pointer: str, detail: str, *, code: str | None = None) -> Self:
        """A refusal that names one field, such as `/price`."""
        return cls.fields(FieldError(pointer, detail, code or cls.code))

    @classmethod
    def fields(cls, *errors: FieldError) -> Self:
        """A refusal that names each of these fields."""
        return cls("; ".join(error.sentence for error in errors), errors=errors)


class Unauthenticated(Refusal):
    """Nobody knows who is asking."""

    code = "unauthenticated"


class NotAllowed(Refusal):
    """This person may not do that."""

    code = "forbidden"


class NotFound(Refusal):
    """There is no such thing, or none that this person may know of."""

    code = "not_found"


class Malformed(Refusal):
    """The request has not the shape that its door describes: it cannot be read, or something is missing. 400."""

    code = "invalid"


class Invalid(Refusal):
    """The request has its shape, and what it says cannot be: a rule of the shop speaks against it. 422."""

    code = "invalid"


class Conflict(Refusal):
    """The thing is not in a state where this can be done."""


class Stale(Refusal):
    """An If-Match names a version that is no longer the newest."""

    code = "precondition_failed"


class TooLarge(Refusal):
    """More bytes than this door takes."""

    code = "too_large"


class HeadTooLarge(Refusal):
    """More before the body than any door takes."""

    code = "head_too_large"


class TooSlow(Refusal):
    """The request did not come whole in time."""

    code = "request_timeout"


class TooMany(Refusal):
    """More requests than a limit allows."""

    code = "rate_limited"


class Unavailable(Refusal):
    """Something outside did not answer; trying again later is safe."""

    code = "unavailable"
