"""Which days are asked for. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import msgspec

from purvey.kit.errors import Invalid
from purvey.kit.times import BEYOND, is_near

MAX_DAYS = 366
USUAL_DAYS = 30
ONE_DAY = timedelta(days=1)


class By(StrEnum):
    """What revenue is told apart by."""

    PRODUCT = "product"
    SERIES = "series"
    DAY = "day"


class Period(msgspec.Struct, frozen=True):
    """Days from the first to the last, both counted, in UTC."""

    first: date
    last: date

    @property
    def days(self) -> Iterator[date]:
        """Every day, without a gap."""
        return (self.first + at * ONE_DAY for at in range((self.last - self.first).days + 1))


def period_of(first: date | None, last: date | None, *, now: datetime) -> Period:
    """The days that were asked for: up to today, and thirty of them, where nothing else is said."""
    for pointer, day in (("query:from", first), ("query:to", last)):
        if day is not None and not is_near(day):
            raise Invalid.field(pointer, BEYOND, code="out_of_range")
    last = last or max(now.astimezone(UTC).date(), first or date.min)
    first = first or last - (USUAL_DAYS - 1) * ONE_DAY
    if first > last:
        raise Invalid.field("query:from", "must not be after to")
    if (last - first).days >= MAX_DAYS:
        raise Invalid.field("query:from", f"At most {MAX_DAYS} days can be asked for at once", code="too_long")
    return Period(first, last)
