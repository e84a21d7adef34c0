"""Limits that hold exactly, however many processes ask at once: each is one row that one statement counts up."""

from datetime import UTC, datetime, timedelta
from math import ceil

from purvey.kit.db import Queries
from purvey.kit.errors import TooMany

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# One more hit in this window, unless it is full: then there is no row.
HIT = """
insert into throttles (key, window_start, hits)
values ($1, $2, 1)
on conflict (key, window_start) do update set hits = throttles.hits + 1
where throttles.hits < $3
returning hits
"""

# A hit that turned out not to count.
FORGIVE = """
update throttles
set hits = hits - 1
where key = $1
    and window_start = $2
    and hits > 0
"""

# Windows that ended long ago.
FORGET = "delete from throttles where window_start < $1"


async def throttle(
    db: Queries,
    *,
    key: str,
    limit: int,
    window: timedelta,
    now: datetime,
    detail: str = "Too many tries; wait a little, then try again",
) -> None:
    """Count one use of `key`; TooMany with `retry_after_seconds` when `limit` were counted in this window."""
    assert limit > 0, "a limit of zero is no limit: do not ask"
    start = window_start(now, window)
    if await db.value(HIT, key, start, limit) is None:
        seconds = max(1, ceil((start + window - now).total_seconds()))
        raise TooMany(detail, retry_after_seconds=seconds)


async def forgive(db: Queries, *, key: str, window: timedelta, now: datetime) -> None:
    """Take back the last count of `key`, when what it guarded against did not happen."""
    await db.do(FORGIVE, key, window_start(now, window))


async def forget_throttles(db: Queries, *, before: datetime) -> int:
    """Drop windows that began before this time; how many."""
    return await db.do(FORGET, before)


def window_start(now: datetime, window: timedelta) -> datetime:
    """Windows lie side by side from 1970 on, the same in every process."""
    return EPOCH + (now - EPOCH) // window * window
