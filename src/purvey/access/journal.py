"""Reading the audit log: of one tenant, or of the whole platform."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey.access.model import Entry
from purvey.kit.db import Queries
from purvey.kit.pages import Asked, Order

NEWEST: Order[Entry] = Order(
    "audit-log", ("a.at", "a.id"), (datetime, UUID), lambda entry: (entry.at, entry.id), descending=True
)
WHERE = """
where ($1::uuid is null or a.tenant_id = $1)
    and ($2::uuid is null or a.actor_id = $2)
    and ($3::text is null or a.action = $3)
    and ($4::text is null or a.subject_id = $4)
"""

# A page of the log, newest first, by tenant, actor, action and subject where these are given.
ENTRIES = f"""
select a.id, a.tenant_id, a.actor_id, u.display_name as actor_name, a.action, a.subject_type, a.subject_id,
    a.detail, a.address, a.request_id, a.at
from audit_log a
left join users u on u.id = a.actor_id
{WHERE}
    and {NEWEST.beyond(5)}
order by {NEWEST.by}
limit $7 offset $8
"""

# How many lines that is.
COUNT = f"select count(*) from audit_log a {WHERE}"


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are sought; None is any."""

    tenant_id: UUID | None = None
    actor_id: UUID | None = None
    action: str | None = None
    subject_id: str | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        return self.tenant_id, self.actor_id, self.action, self.subject_id


async def entries(db: Queries, sought: Sought, asked: Asked) -> list[Entry]:
    """A page of the audit log, newest first."""
    return await db.rows(Entry, ENTRIES, *sought.values, *asked.place(NEWEST), asked.limit, asked.offset)


async def count_entries(db: Queries, sought: Sought) -> int:
    return int(await db.value(COUNT, *sought.values))
