"""The SQL of the test bank's own books."""

from datetime import datetime
from uuid import UUID

from purvey.kit.db import Queries, Tx
from purvey.payments.testbank.model import BankRefund, Session, State

SESSION = """
    id, idempotency_key, amount, currency, description, success_url, cancel_url, webhook_url, state,
    payment_reference, refunded, dispute, delivery, expires_at, created_at
"""
REFUND = "id, idempotency_key, session_id, amount, state"

# A new checkout, or the one that the same order opened before, or is opening at this moment: another's row can be
# in the way of an insert, and not to be seen yet by a query that began before it.
OPEN = f"""
insert into test_bank_sessions (
    id, idempotency_key, amount, currency, description, success_url, cancel_url, webhook_url, state, delivery,
    expires_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11)
on conflict (idempotency_key) do update
set idempotency_key = excluded.idempotency_key
returning {SESSION}
"""

BY_ID = f"select {SESSION} from test_bank_sessions where id = $1"
FIND = f"select {SESSION} from test_bank_sessions where id = $1 or idempotency_key = $2 order by id limit 1"

# A checkout is paid or declined while it is open, and paid after it was declined.
DECIDE = f"""
update test_bank_sessions
set state = $2, payment_reference = coalesce(payment_reference, $3), delivery = delivery || $4
where id = $1
    and state in ('open', 'declined')
    and expires_at > $5
returning {SESSION}
"""

EXPIRE = f"""
update test_bank_sessions
set state = 'expired'
where id = $1
    and state in ('open', 'declined')
returning {SESSION}
"""

DISPUTE = f"""
update test_bank_sessions
set dispute = $2
where id = $1
    and state = 'paid'
    and dispute is not distinct from $3
returning {SESSION}
"""

# So much goes back, if it was paid and not sent back before.
SEND_BACK = f"""
with taken as (
    update test_bank_sessions
    set refunded = refunded + $4
    where id = $3
        and state = 'paid'
        and refunded + $4 <= amount
        and not exists (select from test_bank_refunds where idempotency_key = $2)
    returning id
)
insert into test_bank_refunds (id, idempotency_key, session_id, amount, state, created_at)
select $1, $2, id, $4, 'pending', $5
from taken
returning {REFUND}
"""

REFUND_BY_KEY = f"select {REFUND} from test_bank_refunds where idempotency_key = $1"
REFUNDS_OF = f"select {REFUND} from test_bank_refunds where session_id = $1 order by created_at, id"

# What was on its way arrives, or comes back to the seller.
SETTLE = """
with settled as (
    update test_bank_refunds
    set state = $2
    where session_id = $1
        and state = 'pending'
    returning amount
)
update test_bank_sessions
set refunded = refunded - case when $2 = 'failed' then (select coalesce(sum(amount), 0) from settled) else 0 end
where id = $1
"""


async def open_session(
    db: Queries,
    *,
    id: str,
    key: UUID,
    amount: int,
    currency: str,
    description: str,
    success_url: str,
    cancel_url: str,
    webhook_url: str,
    delivery: dict[str, str],
    expires_at: datetime,
    now: datetime,
) -> Session:
    return await db.one(
        Session, OPEN, id, key, amount, currency, description, success_url, cancel_url, webhook_url, delivery,
        expires_at, now,
    )  # fmt: skip


async def by_id(db: Queries, id: str) -> Session | None:
    return await db.maybe(Session, BY_ID, id)


async def find(db: Queries, *, id: str | None, key: UUID) -> Session | None:
    """A session by its reference, or by the order that opened it."""
    return await db.maybe(Session, FIND, id, key)


async def decide(
    tx: Tx, id: str, state: State, *, reference: str | None, delivery: dict[str, str], now: datetime
) -> Session | None:
    return await tx.maybe(Session, DECIDE, id, state, reference, delivery, now)


async def expire(db: Queries, id: str) -> Session | None:
    return await db.maybe(Session, EXPIRE, id)


async def dispute(tx: Tx, id: str, after: str, *, before: str | None) -> Session | None:
    return await tx.maybe(Session, DISPUTE, id, after, before)


async def send_back(tx: Tx, *, id: str, key: UUID, session_id: str, amount: int, now: datetime) -> BankRefund | None:
    return await tx.maybe(BankRefund, SEND_BACK, id, key, session_id, amount, now)


async def refund_by_key(db: Queries, key: UUID) -> BankRefund | None:
    return await db.maybe(BankRefund, REFUND_BY_KEY, key)


async def refunds_of(db: Queries, session_id: str) -> list[BankRefund]:
    return await db.rows(BankRefund, REFUNDS_OF, session_id)


async def settle_refunds(tx: Tx, session_id: str, state: str) -> None:
    await tx.do(SETTLE, session_id, state)
