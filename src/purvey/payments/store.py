"""The SQL of payments, refunds, disputes and the inbox."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from purvey.kit.db import Queries, Tx
from purvey.kit.ids import new_id
from purvey.kit.pages import Asked, Order
from purvey.payments.gateway import DisputeStanding, Notice
from purvey.payments.model import REFUNDABLE, Dispute, DisputeStatus, Happening, Payment, Refund, Status

PAYMENT = """
    id, tenant_id, subject_type, subject_id, payer_id, type, provider, amount, currency, status, checkout_url,
    checkout_reference, reference, expires_at, asked_times, closed_at, paid_at, refunded_amount, refunding_amount,
    dispute_open, failure, version, created_at, updated_at
"""
REFUND = """
    id, tenant_id, payment_id, amount, currency, reason, status, requested_by, reference, failure, asked_times,
    created_at, updated_at
"""
DISPUTE = "id, reference, amount, currency, reason, status, opened_at, closed_at"

INSERT = f"""
insert into payments (
    id, tenant_id, subject_type, subject_id, payer_id, provider, amount, currency, status,
    expires_at, ask_at, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'PENDING', $9, $10, $11, $11)
returning {PAYMENT}
"""

BY_ID = f"select {PAYMENT} from payments where id = $1"
OF_SUBJECT = f"select {PAYMENT} from payments where subject_type = $1 and subject_id = $2"

# The payment a notice is about, by whatever name the notice has for it.
BY_NOTICE = f"""
select {PAYMENT}
from payments
where provider = $1
    and (id = $2 or checkout_reference = $3 or reference = $4)
order by id = $2 desc nulls last, id
limit 1
"""

# A payment as it is after some moves, and a row for each of them. No row when somebody moved it meanwhile.
SAVE = """
with saved as (
    update payments
    set status = $3, checkout_reference = $4, reference = $5, closed_at = $6, paid_at = $7, refunded_amount = $8,
        refunding_amount = $9, dispute_open = $10, failure = $11, version = $12, updated_at = $13
    where id = $1
        and version = $2
    returning id
), moved as (
    insert into payment_moves (payment_id, number, from_status, happening, to_status, actor, reason, at)
    select saved.id, m.number, m.from_status, m.happening, m.to_status, $18, $19, $13
    from saved
    cross join unnest($14::int[], $15::text[], $16::text[], $17::text[])
        as m (number, from_status, happening, to_status)
)
select count(*) from saved
"""

# Where the buyer pays, once the gateway said so; no row when the checkout was closed meanwhile.
SAVE_CHECKOUT = """
update payments
set checkout_url = $2, checkout_reference = $3, expires_at = $4, updated_at = $5
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

REFUNDS_DUE = f"""
update refunds
set asked_times = asked_times + 1,
    ask_at = $1::timestamptz + least($3::interval * power(2, least(asked_times, 10)), $4::interval)
where id in (
    select id
    from refunds
    where status in ('APPROVED', 'SENT')
        and ask_at <= $1
    order by ask_at, id
    limit $2
    for update skip locked
)
returning {REFUND}
"""

# So much more is on its way back, if the payment has it left; and the refund that it is for.
OPEN_REFUND = f"""
with reserved as (
    update payments
    set refunding_amount = refunding_amount + $3, updated_at = $8
    where id = $2
        and status = any($9::text[])
        and refunded_amount + refunding_amount + $3 <= amount
    returning id, tenant_id, currency
)
insert into refunds (
    id, tenant_id, payment_id, amount, currency, reason, status, requested_by, reference, ask_at, created_at,
    updated_at)
select $1, tenant_id, id, $3, currency, $4, $5, $6, $7, $10, $8, $8
from reserved
returning {REFUND}
"""

REFUND_BY_ID = f"select {REFUND} from refunds where id = $1"

# A refund by our id, or by the gateway's for one that was made there.
FIND_REFUND = f"""
select {REFUND}
from refunds
where payment_id = $1
    and (id = $2 or reference = $3)
order by created_at, id
limit 1
"""

SAVE_REFUND = """
update refunds
set status = $2, reference = coalesce($3, reference), failure = $4, updated_at = $5
where id = $1
"""

REFUNDS_OF = f"select {REFUND} from refunds where payment_id = $1 order by created_at, id"
DISPUTES_OF = f"select {DISPUTE} from disputes where payment_id = $1 order by opened_at, id"

SAVE_DISPUTE = """
insert into disputes (id, tenant_id, payment_id, reference, amount, currency, reason, status, opened_at, closed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $8 <> 'OPEN' then $9::timestamptz end)
on conflict (payment_id, reference) do update
set status = excluded.status, reason = excluded.reason, closed_at = excluded.closed_at
"""

RECEIVE = """
insert into inbox (provider, notice_id, tenant_id, kind, reference, body, received_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing
"""

HANDLED = "update inbox set handled_at = $3 where provider = $1 and notice_id = $2"

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
    now: datetime,
) -> Payment:
    return await tx.one(
        Payment, INSERT, id, tenant_id, subject_type, subject_id, payer_id, provider, amount, currency, expires_at,
        ask_at, now,
    )  # fmt: skip


async def find(db: Queries, payment_id: UUID) -> Payment | None:
    return await db.maybe(Payment, BY_ID, payment_id)


async def of_subject(db: Queries, subject_type: str, subject_id: UUID) -> Payment | None:
    """The payment of a purchase."""
    return await db.maybe(Payment, OF_SUBJECT, subject_type, subject_id)


async def by_notice(
    db: Queries, provider: str, *, payment_id: UUID | None, checkout_reference: str | None, reference: str | None
) -> Payment | None:
    return await db.maybe(Payment, BY_NOTICE, provider, payment_id, checkout_reference, reference)


async def lock(tx: Tx, payment_id: UUID) -> Payment:
    """The payment, locked: nobody else moves it until this transaction ends."""
    return await tx.one(Payment, f"{BY_ID} for update", payment_id)


async def save(
    tx: Tx,
    before: Payment,
    after: Payment,
    moves: Sequence[tuple[int, Status, Happening, Status]],
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
        [number for number, _, _, _ in moves],
        [status for _, status, _, _ in moves],
        [happening for _, _, happening, _ in moves],
        [status for _, _, _, status in moves],
        actor,
        reason,
    )
    assert saved == 1, "a payment was moved without its lock"


async def save_checkout(
    db: Queries, payment_id: UUID, *, url: str, reference: str, expires_at: datetime, now: datetime
) -> bool:
    """Whether the checkout was still wanted."""
    return await db.do(SAVE_CHECKOUT, payment_id, url, reference, expires_at, now) == 1


async def due(db: Queries, *, now: datetime, limit: int, first: Any, longest: Any) -> list[Payment]:
    return await db.rows(Payment, DUE, now, limit, first, longest)


async def refunds_due(db: Queries, *, now: datetime, limit: int, first: Any, longest: Any) -> list[Refund]:
    return await db.rows(Refund, REFUNDS_DUE, now, limit, first, longest)


async def open_refund(
    tx: Tx,
    payment_id: UUID,
    *,
    amount: int,
    reason: str,
    status: str,
    requested_by: UUID | None,
    reference: str | None,
    ask_at: datetime,
    now: datetime,
    from_statuses: Collection[Status] = REFUNDABLE,
) -> Refund | None:
    """A refund, if the payment has so much left to give back; the payment is locked from here on."""
    return await tx.maybe(
        Refund,
        OPEN_REFUND,
        new_id(),
        payment_id,
        amount,
        reason,
        status,
        requested_by,
        reference,
        now,
        sorted(from_statuses),
        ask_at,
    )


async def find_refund(db: Queries, refund_id: UUID) -> Refund | None:
    return await db.maybe(Refund, REFUND_BY_ID, refund_id)


async def refund_of(tx: Tx, payment_id: UUID, *, refund_id: UUID | None, reference: str | None) -> Refund | None:
    return await tx.maybe(Refund, FIND_REFUND, payment_id, refund_id, reference)


async def save_refund(tx: Tx, refund: Refund) -> None:
    await tx.do(SAVE_REFUND, refund.id, refund.status, refund.reference, refund.failure, refund.updated_at)


async def refunds_of(db: Queries, payment_id: UUID) -> list[Refund]:
    """Every refund of a payment, oldest first."""
    return await db.rows(Refund, REFUNDS_OF, payment_id)


async def disputes_of(db: Queries, payment_id: UUID) -> list[Dispute]:
    return await db.rows(Dispute, DISPUTES_OF, payment_id)


async def save_dispute(tx: Tx, payment: Payment, standing: DisputeStanding, *, now: datetime) -> None:
    await tx.do(
        SAVE_DISPUTE,
        new_id(),
        payment.tenant_id,
        payment.id,
        standing.reference,
        standing.amount.minor,
        standing.amount.currency,
        standing.reason,
        DisputeStatus(standing.state.upper()),
        now,
    )


async def receive(tx: Tx, provider: str, notice: Notice, *, tenant_id: UUID | None, body: bytes, now: datetime) -> bool:
    """Whether this notice is new."""
    reference = notice.checkout_reference or notice.reference
    return await tx.do(RECEIVE, provider, notice.id, tenant_id, notice.kind, reference, body, now) == 1


async def handled(tx: Tx, provider: str, notice_id: str, *, now: datetime) -> None:
    await tx.do(HANDLED, provider, notice_id, now)


async def listed(db: Queries, filters: Sequence[object], asked: Asked) -> list[Payment]:
    """Payments of every tenant, newest first; `filters` are status, provider, tenant, payer, subject."""
    return await db.rows(Payment, LIST, *filters, *asked.place(NEWEST), asked.limit, asked.offset)


async def count(db: Queries, filters: Sequence[object]) -> int:
    found: int = await db.value(COUNT, *filters)
    return found
