"""Payment customers: a person as one gateway knows them, made at their first payment there (C15)."""

from datetime import datetime
from uuid import UUID

from purvey.kit.db import Queries

FIND = "select reference from payment_customers where tenant_id = $1 and user_id = $2 and provider = $3"

# The payer of a payment, as its gateway knows them.
OF_PAYMENT = """
select c.reference
from payments p
join payment_customers c on c.tenant_id = p.tenant_id
    and c.user_id = p.payer_id
    and c.provider = p.provider
where p.id = $1
    and p.provider = $2
"""

# The first to say so is believed; a second that came at once learns the first one's.
KEEP = """
insert into payment_customers (tenant_id, user_id, provider, reference, created_at)
values ($1, $2, $3, $4, $5)
on conflict (tenant_id, user_id, provider) do update
set reference = payment_customers.reference
returning reference
"""

# One that the gateway no longer has; one that somebody renewed meanwhile stays.
FORGET = """
delete from payment_customers
where tenant_id = $1
    and user_id = $2
    and provider = $3
    and reference = $4
"""


async def find(db: Queries, tenant_id: UUID, user_id: UUID, provider: str) -> str | None:
    """What the gateway calls a person in a tenant's books."""
    reference: str | None = await db.value(FIND, tenant_id, user_id, provider)
    return reference


async def of_payment(db: Queries, payment_id: UUID, provider: str) -> str | None:
    reference: str | None = await db.value(OF_PAYMENT, payment_id, provider)
    return reference


async def keep(db: Queries, tenant_id: UUID, user_id: UUID, provider: str, *, reference: str, now: datetime) -> str:
    """Remember a new payment customer; the reference that counts from now on."""
    kept: str = await db.value(KEEP, tenant_id, user_id, provider, reference, now)
    return kept


async def forget(db: Queries, tenant_id: UUID, user_id: UUID, provider: str, *, reference: str) -> None:
    await db.do(FORGET, tenant_id, user_id, provider, reference)
