"""The SQL of refunds and disputes."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from purvey.kit.db import Queries, Tx
from purvey.kit.ids import new_id
from purvey.payments.gateway import DisputeStanding, RefundStanding
from purvey.payments.model import REFUNDABLE, Dispute, DisputeStatus, Payment, Refund, Status, StrayRefund, Told

REFUND = """
    id, tenant_id, payment_id, amount, currency, reason, status, requested_by, reference, failure, asked_times,
    created_at, updated_at
"""
DISPUTE = "id, reference, amount, currency, reason, status, opened_at, closed_at"

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

# So much more is on its way back, if the payment has it left; and the refund that it is for. One that was made at the
# gateway is a fact, whatever the payment's state.
OPEN_REFUND = f"""
with reserved as (
    update payments
    set refunding_amount = refunding_amount + $3, updated_at = greatest(updated_at, $8)
    where id = $2
        and ($9::text[] is null or status = any($9) and not dispute_open)
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

# Refunds that are only asked for are over, by $4 also those that were let go and whose sending was not begun; what was
# set aside for them is free again.
TURN_DOWN_WAITING = """
with over as (
    update refunds
    set status = 'FAILED', failure = $2, updated_at = $3
    where payment_id = $1
        and (status = 'REQUESTED' or $4 and status = 'APPROVED' and sending_since is null)
    returning amount
), freed as (
    select coalesce(sum(amount), 0)::bigint as amount from over
), kept as (
    update payments
    set refunding_amount = refunding_amount - freed.amount, updated_at = greatest(updated_at, $3)
    from freed
    where id = $1
)
select amount from freed
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

# From now on the gateway may have it, whatever we know.
BEGIN_SENDING = "update refunds set sending_since = $2 where id = $1"

# Whether a refund that was let go is not at its gateway, which was asked: no call to send it is under way any more.
NEVER_SENT = """
select status = 'APPROVED' and (sending_since is null or sending_since < $2)
from refunds
where id = $1
"""

SAVE_REFUND = """
update refunds
set status = $2, reference = coalesce($3, reference), failure = $4, updated_at = $5
where id = $1
returning told_of(refunds)
"""

# One that the payment has no room for, unless it was seen before.
SEE_STRAY = """
insert into stray_refunds (payment_id, reference, amount, currency, seen_at)
values ($1, $2, $3, $4, $5)
on conflict do nothing
"""

# It has its place among the refunds now, or it failed.
FORGET_STRAY = "delete from stray_refunds where payment_id = $1 and reference = $2"
STRAY = "payment_id, reference, amount, currency, seen_at, parked_at, settled_at"
LOCK_STRAY = f"select {STRAY} from stray_refunds where payment_id = $1 and reference = $2 for update"
STRAYS_OF = f"select {STRAY} from stray_refunds where payment_id = $1 order by seen_at, reference"
PARK_STRAY = "update stray_refunds set parked_at = $3 where payment_id = $1 and reference = $2"
SETTLE_STRAY = "update stray_refunds set settled_at = $3 where payment_id = $1 and reference = $2"

REFUNDS_OF = f"select {REFUND} from refunds where payment_id = $1 order by created_at, id"
DISPUTES_OF = f"select {DISPUTE} from disputes where payment_id = $1 order by opened_at, id"

SAVE_DISPUTE = """
insert into disputes (id, tenant_id, payment_id, reference, amount, currency, reason, status, opened_at, closed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $8 <> 'OPEN' then $9::timestamptz end)
on conflict (payment_id, reference) do update
set status = excluded.status, reason = excluded.reason, closed_at = excluded.closed_at
returning told_of(disputes)
"""


async def refunds_due(db: Queries, *, now: datetime, limit: int, first: Any, longest: Any) -> list[Refund]:
    return await db.rows(Refund, REFUNDS_DUE, now, limit, first, longest)


async def turn_down_waiting(tx: Tx, payment_id: UUID, *, failure: str, also_let_go: bool, now: datetime) -> int:
    """Fail a locked payment's refunds that nobody has begun to send; how much was set aside for them."""
    freed: int = await tx.value(TURN_DOWN_WAITING, payment_id, failure, now, also_let_go)
    return freed


async def begin_sending(tx: Tx, refund_id: UUID, *, now: datetime) -> None:
    await tx.do(BEGIN_SENDING, refund_id, now)


async def never_sent(tx: Tx, refund_id: UUID, *, begun_before: datetime) -> bool:
    return bool(await tx.value(NEVER_SENT, refund_id, begun_before))


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
    from_statuses: Collection[Status] | None = REFUNDABLE,
) -> Refund | None:
    """A refund, if the payment has so much left to give back; the payment is locked from here on.

    No `from_statuses`: it was made at the gateway, and is taken note of.
    """
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
        None if from_statuses is None else sorted(from_statuses),
        ask_at,
    )


async def find_refund(db: Queries, refund_id: UUID) -> Refund | None:
    return await db.maybe(Refund, REFUND_BY_ID, refund_id)


async def refund_of(tx: Tx, payment_id: UUID, *, refund_id: UUID | None, reference: str | None) -> Refund | None:
    return await tx.maybe(Refund, FIND_REFUND, payment_id, refund_id, reference)


async def save_refund(tx: Tx, refund: Refund) -> Told:
    """What the payment's move tells of it, should it move by this."""
    told: Told = await tx.value(
        SAVE_REFUND, refund.id, refund.status, refund.reference, refund.failure, refund.updated_at
    )
    return told


async def refunds_of(db: Queries, payment_id: UUID) -> list[Refund]:
    """Every refund of a payment, oldest first."""
    return await db.rows(Refund, REFUNDS_OF, payment_id)


async def see_stray(tx: Tx, payment_id: UUID, standing: RefundStanding, *, now: datetime) -> bool:
    """Whether nobody was told yet of this refund that has no place."""
    money = standing.amount
    return await tx.do(SEE_STRAY, payment_id, standing.reference, money.minor, money.currency, now) == 1


async def forget_stray(tx: Tx, payment_id: UUID, reference: str) -> None:
    await tx.do(FORGET_STRAY, payment_id, reference)


async def lock_stray(tx: Tx, payment_id: UUID, reference: str) -> StrayRefund | None:
    return await tx.maybe(StrayRefund, LOCK_STRAY, payment_id, reference)


async def park_stray(tx: Tx, stray: StrayRefund, *, now: datetime) -> None:
    await tx.do(PARK_STRAY, stray.payment_id, stray.reference, now)


async def settle_stray(tx: Tx, stray: StrayRefund, *, now: datetime) -> None:
    await tx.do(SETTLE_STRAY, stray.payment_id, stray.reference, now)


async def strays_of(db: Queries, payment_id: UUID) -> list[StrayRefund]:
    """The gateway's refunds of a payment that have no place among its own."""
    return await db.rows(StrayRefund, STRAYS_OF, payment_id)


async def disputes_of(db: Queries, payment_id: UUID) -> list[Dispute]:
    return await db.rows(Dispute, DISPUTES_OF, payment_id)


async def save_dispute(tx: Tx, payment: Payment, standing: DisputeStanding, *, now: datetime) -> Told:
    """What the payment's move tells of it."""
    told: Told = await tx.value(
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
    return told
