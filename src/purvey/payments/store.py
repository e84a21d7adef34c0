"""The SQL of payments, refunds, disputes and the inbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from purvey.kit.db import Queries, Tx
from purvey.kit.pages import Asked, Order
from purvey.payments.gateway import Notice
from purvey.payments.model import Move, Payment, Status, Step

NOTICES_KEPT = timedelta(days=90)
FORGET_BATCH = 5_000
PAYMENT = """
    id, tenant_id, subject_type, subject_id, payer_id, type, provider, amount, currency, status, checkout_url,
    checkout_reference, reference, expires_at, asked_times, closed_at, paid_at, refunded_amount, refunding_amount,
    dispute_open, failure, version, created_at, updated_at, account
"""
INSERT = f"""
insert into payments (
    id, tenant_id, subject_type, subject_id, payer_id, provider, amount, currency, status,
    expires_at, ask_at, created_at, updated_at, account)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'PENDING', $9, $10, $11, $11, $12)
returning {PAYMENT}
"""

BY_ID = f"select {PAYMENT} from payments where id = $1"
OF_SUBJECT = f"select {PAYMENT} from payments where subject_type = $1 and subject_id = $2"

# The payment a notice is about, by whatever name the notice has for it. A tenant's notices are of its own payments.
BY_NOTICE = f"""
select {PAYMENT}
from payments
where provider = $1
    and (id = $2 or checkout_reference = $3 or reference = $4)
    and ($5::uuid is null or tenant_id = $5)
order by id = $2 desc nulls last, id
limit 1
"""

# A payment as it is after some moves, and a row for each of them. No row when somebody moved it meanwhile.
# A move by a refund or a dispute tells of it; one by money that came, how the gateway knows that money.
SAVE = """
with saved as (
    update payments
    set status = $3, checkout_reference = $4, reference = $5, closed_at = $6, paid_at = $7, refunded_amount = $8,
        refunding_amount = $9, dispute_open = $10, failure = $11, version = $12, updated_at = $13
    where id = $1
        and version = $2
    returning id, told_of(payments) as told
), moved as (
    insert into payment_moves (payment_id, number, from_status, happening, to_status, detail, actor, reason, at)
    select saved.id, m.number, m.from_status, m.happening, m.to_status,
        case m.happening when 'money came' then saved.told else m.detail end, $19, $20, $13
    from saved
    cross join unnest($14::int[], $15::text[], $16::text[], $17::text[], $18::jsonb[])
        as m (number, from_status, happening, to_status, detail)
)
select count(*) from saved
"""

MOVES_OF = """
select from_status, happening, to_status, actor, reason, at
from payment_moves
where payment_id = $1
order by number
"""

# What a payment was before it was disputed last.
LAST_DISPUTED_FROM = """
select from_status
from payment_moves
where payment_id = $1
    and to_status = 'DISPUTED'
    and from_status <> 'DISPUTED'
order by number desc
limit 1
"""

# Where the buyer pays, once the gateway said so; no row when the checkout was closed meanwhile.
SAVE_CHECKOUT = """
update payments
set checkout_url = $2, checkout_reference = $3, expires_at = $4, updated_at = greatest(updated_at, $5)
where id = $1
    and closed_at is null
"""

# A bounded batch of payments that it is time to ask about; two sweeps at once take different ones.
DUE = f"""
update payments
set asked_times = asked_times + 1,
    ask_at = least(
        case when expires_at > $1 then expires_at end,
        $1::timestamptz + least($3::interval * power(2, least(asked_times, 10)), $4::interval)
    )
where id in (
    select id
    from payments
    where closed_at is null
        and ask_at <= $1
    order by ask_at, id
    limit $2
    for update skip locked
)
returning {PAYMENT}
"""

RECEIVE = """
insert into inbox (provider, notice_id, tenant_id, kind, reference, body, received_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing
"""

HANDLED = """
update inbox
set handled_at = $4
where provider = $1
    and tenant_id is not distinct from $2
    and notice_id = $3
"""

# Notices that nobody will ask about any more, a bounded batch at a time.
FORGET = """
delete from inbox
where id in (
    select id
    from inbox
    where received_at < $1
    order by received_at, id
    limit $2
)
"""

NEWEST: Order[Payment] = Order(
    "newest-payment",
    ("created_at", "id"),
    (datetime, UUID),
    lambda payment: (payment.created_at, payment.id),
    descending=True,
)
FILTERED = """
    ($1::text is null or status = $1)
    and ($2::text is null or provider = $2)
    and ($3::uuid is null or tenant_id = $3)
    and ($4::uuid is null or payer_id = $4)
    and ($5::uuid is null or subject_id = $5)
"""
LIST = f"""
select {PAYMENT}
from payments
where {FILTERED}
    and {NEWEST.beyond(6)}
order by {NEWEST.by}
limit $8
offset $9
"""
COUNT = f"select count(*) from payments where {FILTERED}"


async def insert(
    tx: Tx,
    *,
    id: UUID,
    tenant_id: UUID,
    subject_type: str,
    subject_id: UUID,
    payer_id: UUID,
    provider: str,
    amount: int,
    currency: str,
    expires_at: datetime,
    ask_at: datetime,
    account: str | None,
    now: datetime,
) -> Payment:
    return await tx.one(
        Payment, INSERT, id, tenant_id, subject_type, subject_id, payer_id, provider, amount, currency, expires_at,
        ask_at, now, account,
    )  # fmt: skip


async def find(db: Queries, payment_id: UUID) -> Payment | None:
    return await db.maybe(Payment, BY_ID, payment_id)


async def of_subject(db: Queries, subject_type: str, subject_id: UUID) -> Payment | None:
    """The payment of a purchase."""
    return await db.maybe(Payment, OF_SUBJECT, subject_type, subject_id)


async def by_notice(
    db: Queries,
    provider: str,
    *,
    tenant_id: UUID | None,
    payment_id: UUID | None,
    checkout_reference: str | None,
    reference: str | None,
) -> Payment | None:
    """The payment that a notice is about. No tenant: it came to the platform's own account, or to one for everybody."""
    return await db.maybe(Payment, BY_NOTICE, provider, payment_id, checkout_reference, reference, tenant_id)


async def lock(tx: Tx, payment_id: UUID) -> Payment:
    """The payment, locked: nobody else moves it until this transaction ends."""
    return await tx.one(Payment, f"{BY_ID} for update", payment_id)


async def save(
    tx: Tx,
    before: Payment,
    after: Payment,
    moves: Sequence[Step],
    *,
    actor: str,
    reason: str | None,
) -> None:
    """Write a locked payment and the moves that led there."""
    saved = await tx.value(
        SAVE,
        before.id,
        before.version,
        after.status,
        after.checkout_reference,
        after.reference,
        after.closed_at,
        after.paid_at,
        after.refunded_amount,
        after.refunding_amount,
        after.dispute_open,
        after.failure,
        after.version,
        after.updated_at,
        *([list(column) for column in zip(*moves, strict=True)] or [[]] * 5),
        actor,
        reason,
    )
    assert saved == 1, "a payment was moved without its lock"


async def moves_of(db: Queries, payment_id: UUID) -> list[Move]:
    """Everything that happened to a payment, in order."""
    return await db.rows(Move, MOVES_OF, payment_id)


async def last_disputed_from(tx: Tx, payment_id: UUID) -> Status | None:
    found: str | None = await tx.value(LAST_DISPUTED_FROM, payment_id)
    return None if found is None else Status(found)


async def save_checkout(
    db: Queries, payment_id: UUID, *, url: str, reference: str, expires_at: datetime, now: datetime
) -> bool:
    """Whether the checkout was still wanted."""
    return await db.do(SAVE_CHECKOUT, payment_id, url, reference, expires_at, now) == 1


async def due(db: Queries, *, now: datetime, limit: int, first: Any, longest: Any) -> list[Payment]:
    return await db.rows(Payment, DUE, now, limit, first, longest)


async def receive(tx: Tx, provider: str, notice: Notice, *, tenant_id: UUID | None, body: bytes, now: datetime) -> bool:
    """Whether this notice is new."""
    reference = notice.checkout_reference or notice.reference
    return await tx.do(RECEIVE, provider, notice.id, tenant_id, notice.kind, reference, body, now) == 1


async def handled(tx: Tx, provider: str, notice_id: str, *, tenant_id: UUID | None, now: datetime) -> None:
    """What it gave cause to is done. `tenant_id`: whose account it came from."""
    await tx.do(HANDLED, provider, tenant_id, notice_id, now)


async def forget_notices(db: Queries, now: datetime) -> int:
    """Notices are kept as long as gateways may be asked about them (ruling 38); how many were forgotten."""
    return await db.do(FORGET, now - NOTICES_KEPT, FORGET_BATCH)


async def listed(db: Queries, filters: Sequence[object], asked: Asked) -> list[Payment]:
    """Payments of every tenant, newest first; `filters` are status, provider, tenant, payer, subject."""
    return await db.rows(Payment, LIST, *filters, *asked.place(NEWEST), asked.limit, asked.offset)


async def count(db: Queries, filters: Sequence[object]) -> int:
    found: int = await db.value(COUNT, *filters)
    return found
