"""How long what the kit writes is kept. Books, purchases and the audit log are kept for ever."""

from datetime import datetime, timedelta

import msgspec

from purvey.kit.db import Database

EVERY_SECONDS = 3600
MOST_AT_ONCE = 10_000  # a long backlog goes in bites, so that no sweep holds locks for long


class Kept(msgspec.Struct, frozen=True):
    """A table whose rows are forgotten when their `column` is so old."""

    table: str
    column: str
    days: int


RULES = (
    Kept("idempotency_keys", "created_at", 7),
    Kept("pgqueuer_log", "created", 30),
    Kept("pgqueuer_statistics", "created", 30),
    Kept("uploads", "created_at", 30),
    Kept("reactions_done", "at", 90),
    Kept("events", "at", 365),
    Kept("mails", "created_at", 365),
)


async def forget_old(db: Database, now: datetime) -> int:
    """Forget what is past its time; how many rows went."""
    return sum([await db.do(forgetting(rule), now - timedelta(days=rule.days)) for rule in RULES])


def forgetting(rule: Kept) -> str:
    return f"""
delete from {rule.table}
where ctid = any(array(
    select ctid
    from {rule.table}
    where {rule.column} < $1
    limit {MOST_AT_ONCE}
))
"""
