"""The SQL of fees."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from purvey.fees.model import CREDIT_LIFE, FEE_LIFE, Credit, CreditHappening, FeeHappening, PurchaseFee, Rates
from purvey.kit.db import Queries, Tx
from purvey.kit.pages import Asked, Order

CREDIT = """
    id, payer, network, amount, bps, minimum, state, tx_hash, purchase_id, returned_by, created_at, paid_at, vanished_at
"""
FEE = "purchase_id, tenant_id, site_id, amount, credit_id, state, paid_by, created_at, changed_at"

INSERT = """
insert into fee_credits (id, payer, network, amount, bps, minimum, state, created_at, changed_at)
values ($1, $2, $3, $4, $5, $6, 'PENDING', $7, $7)
"""

BY_ID = f"select {CREDIT} from fee_credits where id = $1"

# A wallet's fee by its transaction; one that is unused first, should a transaction hold several.
BY_TRANSACTION = f"""
select {CREDIT}
from fee_credits
where tx_hash = $1
    and payer = $2
order by state = 'UNUSED' desc, id
limit 1
"""

# The oldest fee of a wallet that it has not used.
UNUSED = f"""
select {CREDIT}
from fee_credits
where payer = $1
    and state = 'UNUSED'
    and vanished_at is null
order by paid_at, id
limit 1
"""

# One step of a fee's life; no row when it is somewhere else by now, or is unused and its payment is gone.
MOVE_CREDIT = f"""
update fee_credits
set state = $3, purchase_id = $4, tx_hash = coalesce($5, tx_hash), returned_by = $6, changed_at = $7,
    paid_at = case when $3 in ('PENDING', 'FAILED') then null else coalesce(paid_at, $7) end
where id = $1
    and state = any($2::text[])
    and (purchase_id is null or purchase_id = $8)
    and (state <> 'UNUSED' or vanished_at is null)
returning {CREDIT}
"""

# Whether its payment is on the chain, as it is known now.
NOTE_VANISHED = """
update fee_credits
set vanished_at = $2, changed_at = $3
where id = $1
    and paid_at is not null
    and vanished_at is distinct from $2
"""

# Fees whose payment nobody has heard of for a while.
PENDING = f"""
select {CREDIT}
from fee_credits
where state = 'PENDING'
    and created_at <= $1
order by created_at, id
limit $2
"""

EXPECT = """
insert into purchase_fees (purchase_id, tenant_id, site_id, amount, credit_id, state, created_at, changed_at)
values ($1, $2, $3, $4, $5, 'EXPECTED', $6, $6)
"""

LOCK_FEE = f"select {FEE} from purchase_fees where purchase_id = $1 for update"

SAVE_FEE = f"""
update purchase_fees
set state = $2, credit_id = $3, paid_by = $4, changed_at = $5
where purchase_id = $1
returning {FEE}
"""

NEWEST_FEE: Order[PurchaseFee] = Order(
    "newest-fee",
    ("created_at", "purchase_id"),
    (datetime, UUID),
    lambda fee: (fee.created_at, fee.purchase_id),
    descending=True,
)
FEES_ASKED = "($1::text is null or state = $1) and ($2::uuid is null or tenant_id = $2)"
LIST_FEES = f"""
select {FEE}
from purchase_fees
where {FEES_ASKED}
    and {NEWEST_FEE.beyond(3)}
order by {NEWEST_FEE.by}
limit $5
offset $6
"""
COUNT_FEES = f"select count(*) from purchase_fees where {FEES_ASKED}"

NEWEST_CREDIT: Order[Credit] = Order(
    "newest-credit", ("created_at", "id"), (datetime, UUID), lambda credit: (credit.created_at, credit.id),
    descending=True,
)  # fmt: skip
CREDITS_ASKED = """
    ($1::text is null or state = $1)
    and ($2::text is null or payer = lower($2))
    and ($3::timestamptz is null or state = 'UNUSED' and vanished_at is null and paid_at <= $3)
"""
LIST_CREDITS = f"""
select {CREDIT}
from fee_credits
where {CREDITS_ASKED}
    and {NEWEST_CREDIT.beyond(4)}
order by {NEWEST_CREDIT.by}
limit $6
offset $7
"""
COUNT_CREDITS = f"select count(*) from fee_credits where {CREDITS_ASKED}"


async def insert(tx: Tx, *, id: UUID, payer: str, network: str, amount: int, rates: Rates, now: datetime) -> None:
    await tx.do(INSERT, id, payer, network, amount, rates.bps, rates.minimum, now)


async def find(db: Queries, credit_id: UUID) -> Credit | None:
    return await db.maybe(Credit, BY_ID, credit_id)


async def by_transaction(db: Queries, tx_hash: str, payer: str) -> Credit | None:
    return await db.maybe(Credit, BY_TRANSACTION, tx_hash.lower(), payer.lower())


async def unused(db: Queries, payer: str) -> Credit | None:
    return await db.maybe(Credit, UNUSED, payer.lower())


async def move_credit(
    tx: Tx,
    credit_id: UUID,
    happening: CreditHappening,
    *,
    purchase_id: UUID | None = None,
    tx_hash: str | None = None,
    returned_by: str | None = None,
    now: datetime,
) -> Credit | None:
    """The credit as it is after this, or None when this cannot happen to it now, or is another purchase's."""
    before = [state for state, when in CREDIT_LIFE.moves if when is happening]
    after = CREDIT_LIFE.after(before[0], happening)
    kept = purchase_id if happening in {CreditHappening.HELD, CreditHappening.USED} else None
    return await tx.maybe(
        Credit, MOVE_CREDIT, credit_id, before, after, kept, tx_hash, returned_by, now, purchase_id
    )  # fmt: skip


async def note_vanished(tx: Tx, credit_id: UUID, *, at: datetime | None, now: datetime) -> None:
    await tx.do(NOTE_VANISHED, credit_id, at, now)


async def pending(db: Queries, *, before: datetime, limit: int) -> list[Credit]:
    return await db.rows(Credit, PENDING, before, limit)


async def expect(
    tx: Tx, purchase_id: UUID, *, tenant_id: UUID, site_id: UUID, amount: int, credit_id: UUID | None, now: datetime
) -> None:
    await tx.do(EXPECT, purchase_id, tenant_id, site_id, amount, credit_id, now)


async def lock_fee(tx: Tx, purchase_id: UUID) -> PurchaseFee | None:
    return await tx.maybe(PurchaseFee, LOCK_FEE, purchase_id)


async def move_fee(
    tx: Tx,
    fee: PurchaseFee,
    happening: FeeHappening,
    *,
    credit_id: UUID | None = None,
    paid_by: str | None = None,
    now: datetime,
) -> PurchaseFee:
    """A locked fee, one step on; ImpossibleMove."""
    after = FEE_LIFE.after(fee.state, happening)
    return await tx.one(PurchaseFee, SAVE_FEE, fee.purchase_id, after, credit_id, paid_by, now)


async def fees(db: Queries, filters: Sequence[object], asked: Asked) -> list[PurchaseFee]:
    """Fees of purchases, newest first; filters are state and tenant."""
    return await db.rows(PurchaseFee, LIST_FEES, *filters, *asked.place(NEWEST_FEE), asked.limit, asked.offset)


async def credits(db: Queries, filters: Sequence[object], asked: Asked) -> list[Credit]:
    """Fees paid beforehand, newest first; filters are state, payer, and unused since before when."""
    return await db.rows(Credit, LIST_CREDITS, *filters, *asked.place(NEWEST_CREDIT), asked.limit, asked.offset)


async def count(db: Queries, sql: str, filters: Sequence[Any]) -> int:
    found: int = await db.value(sql, *filters)
    return found
