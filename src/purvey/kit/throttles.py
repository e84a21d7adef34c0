"""Limits on how often, in any window of time, however many processes ask at once.

Hits are counted by slices of the window, and a slice counts until all of it is as old as the window.
Each use is one statement. What a request used is told in its answer (draft-ietf-httpapi-ratelimit-headers).
"""

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import msgspec

from purvey.kit.db import Queries
from purvey.kit.errors import TooMany

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SLICES = 24

# One more hit in this slice, unless the window is full with it: then `counted` is null. `oldest` is the slice that
# leaves the window first. A process whose clock is a little ahead may have begun the next slice.
HIT = """
with others as (
    select coalesce(sum(hits), 0)::int as hits, min(window_start) filter (where hits > 0) as oldest
    from throttles
    where key = $1
        and window_start between $4 and $5
        and window_start <> $2
), hit as (
    insert into throttles as t (key, window_start, hits)
    select $1, $2, 1
    from others
    where others.hits < $3
    on conflict (key, window_start) do update set hits = t.hits + 1
    where t.hits + (select others.hits from others) < $3
    returning hits
)
select hit.hits + others.hits as counted, least(others.oldest, $2) as oldest
from others
left join hit on true
"""

# A hit that turned out not to count.
FORGIVE = """
update throttles
set hits = hits - 1
where key = $1
    and window_start = $2
    and hits > 0
"""

# Slices that began long ago.
FORGET = "delete from throttles where window_start < $1"


class Standing(msgspec.Struct):
    """How somebody stands with one limit: how many uses are left, and in how many seconds there are more."""

    key: str
    limit: int
    window: timedelta
    left: int
    seconds: int

    @property
    def name(self) -> str:
        """What the limit is called on the wire: the first word of its key."""
        return self.key.partition(":")[0]


told: ContextVar[list[Standing] | None] = ContextVar("limits that this request was counted against", default=None)


def listen() -> list[Standing]:
    """From now on, and in this task, every limit that is asked stands in this list."""
    heard: list[Standing] = []
    told.set(heard)
    return heard


def headers(standings: Sequence[Standing]) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy` and `RateLimit`."""
    policies = ", ".join(f'"{one.name}";q={one.limit};w={one.window // timedelta(seconds=1)}' for one in standings)
    limits = ", ".join(f'"{one.name}";r={one.left};t={one.seconds}' for one in standings)
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", limits.encode())]


async def throttle(
    db: Queries,
    *,
    key: str,
    limit: int,
    window: timedelta,
    now: datetime,
    detail: str = "Too many tries; wait a little, then try again",
    is_secret: bool = False,
) -> None:
    """Count one use of `key`, such as `invite:<tenant>`; TooMany when `limit` were counted in the window before now.

    `is_secret`: the asker is not to learn of this limit, for it would say something of others, or is none of theirs.
    """
    assert limit > 0, "a limit of zero is no limit: do not ask"
    width = window / SLICES
    current = slice_start(now, window)
    row: Any = await db.record(HIT, key, current, limit, current - window, current + width)
    counted, seconds = row["counted"], max(1, ceil((row["oldest"] + window + width - now).total_seconds()))
    heard = told.get()
    if heard is not None and not is_secret:
        heard.append(Standing(key, limit, window, 0 if counted is None else limit - counted, seconds))
    if counted is None:
        raise TooMany(detail, retry_after_seconds=seconds)


async def forgive(db: Queries, *, key: str, window: timedelta, now: datetime) -> None:
    """Take back the count of `key` at this time, when what it guarded against did not happen."""
    await db.do(FORGIVE, key, slice_start(now, window))
    for one in told.get() or []:
        if one.key == key:
            one.left += 1


async def forget_throttles(db: Queries, *, before: datetime) -> int:
    """Drop slices that began before this time; how many."""
    return await db.do(FORGET, before)


def slice_start(now: datetime, window: timedelta) -> datetime:
    """Slices lie side by side from 1970 on, the same in every process."""
    width = window / SLICES
    return EPOCH + (now - EPOCH) // width * width
