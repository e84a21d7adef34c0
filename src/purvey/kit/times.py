"""Every time that a client sends lies between the years 1970 and 9000; an end that is open is null."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from purvey.kit.errors import FieldError, Invalid

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
BEYOND = f"The time must lie between the years {EARLIEST.year} and {LATEST.year}; leave out an end that is open"


def is_near(at: date) -> bool:
    """Whether it lies in those years."""
    at = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
    return EARLIEST <= at <= LATEST


def refuse_beyond(sent: Any) -> None:
    """Invalid that names each time in a body, wherever it stands, that lies elsewhere."""
    faults = [FieldError(place, BEYOND, "out_of_range") for place, at in times_of(sent) if not is_near(at)]
    if faults:
        raise Invalid(BEYOND, errors=faults)


def times_of(sent: Any, place: str = "") -> Iterator[tuple[str, datetime]]:
    """Each time of a body with its place, by the names on the wire."""
    match sent:
        case datetime():
            yield place, sent
        case msgspec.Struct():
            for name, wire in zip(sent.__struct_fields__, sent.__struct_encode_fields__, strict=True):
                yield from times_of(getattr(sent, name), f"{place}/{wire}")
        case list():
            for at, item in enumerate(sent):
                yield from times_of(item, f"{place}/{at}")


def read_time(text: str, *, pointer: str) -> datetime:
    """A time in ISO 8601; a date alone is its beginning, and without a zone it is in UTC. Invalid names the field."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid.field(pointer, "Give a time such as 2030-01-31T12:00:00Z, or a date alone") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not is_near(at):
        raise Invalid.field(pointer, BEYOND, code="out_of_range")
    return at.astimezone(UTC)
