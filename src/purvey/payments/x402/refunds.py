"""Money back by the seller's hand: nobody but the payee can send it, so they name the transaction that does."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.money import Money
from purvey.payments import refund_store
from purvey.payments.gateway import RefundStanding
from purvey.payments.model import RefundStatus
from purvey.payments.x402 import store, token
from purvey.payments.x402.model import CURRENCY, Settlement
from purvey.payments.x402.rail import Rail
from purvey.payments.x402.token import Log

NAMED = "refund_id, payment_id, network, tx_hash, amount, seen_at, created_at"

# One transaction for one refund; another may be named until the first was seen.
NAME = f"""
insert into x402_refunds (refund_id, payment_id, network, tx_hash, amount, created_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (refund_id) do update
set tx_hash = excluded.tx_hash, created_at = excluded.created_at
where x402_refunds.seen_at is null
returning {NAMED}
"""

OF_REFUND = f"select {NAMED} from x402_refunds where refund_id = $1"
OF_PAYMENT = f"select {NAMED} from x402_refunds where payment_id = $1 order by created_at, refund_id"
SEEN = "update x402_refunds set seen_at = $2 where refund_id = $1"

# A transaction that a sale was paid by, or that is another refund, gives no money back here.
TAKEN = """
select exists (select from x402_settlements where network = $1 and tx_hash = $2)
    or exists (select from x402_refunds where network = $1 and tx_hash = $2 and refund_id <> $3)
"""


class TransactionTaken(Conflict):
    """This transaction is a sale's, or gives another refund back."""

    code = "transaction_taken"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction that is said to carry a refund."""

    refund_id: UUID
    payment_id: UUID
    network: str
    tx_hash: str
    amount: int
    seen_at: datetime | None
    created_at: datetime


async def name_transaction(tx: Tx, refund_id: UUID, *, tx_hash: str, now: datetime) -> Named:
    """Say which transaction sends an approved refund back to its payer; the sweep looks whether it does.

    Another may be named while the first was not seen. NotFound, Conflict, TransactionTaken.
    """
    tx_hash = tx_hash.lower()
    refund = await refund_store.find_refund(tx, refund_id)
    settlement = None if refund is None else await store.of_payment(tx, refund.payment_id)
    if refund is None or settlement is None:
        raise NotFound("There is no such refund of a payment by x402")
    if refund.status not in {RefundStatus.APPROVED, RefundStatus.SENT}:
        raise Conflict(f"A refund that is {refund.status} needs no transaction", code="refund_not_sendable")
    await tx.value("select pg_advisory_xact_lock(hashtextextended($1, 402))", f"refund {tx_hash}")
    if await tx.value(TAKEN, settlement.network, tx_hash, refund_id):
        raise TransactionTaken("This transaction is a sale's, or another refund's: name the one that pays this back")
    named = await tx.maybe(
        Named, NAME, refund_id, refund.payment_id, settlement.network, tx_hash, refund.amount, now
    )  # fmt: skip
    if named is None:
        raise Conflict("This refund was seen already on the chain", code="refund_not_sendable")
    return named


async def of_refund(db: Queries, refund_id: UUID) -> Named | None:
    return await db.maybe(Named, OF_REFUND, refund_id)


async def standings(db: Database, rail: Rail, settlement: Settlement, *, now: datetime) -> list[RefundStanding]:
    """How each named refund of a payment stands; one that was seen now is noted. Unavailable."""
    if settlement.payment_id is None:
        return []
    found = []
    for named in await db.rows(Named, OF_PAYMENT, settlement.payment_id):
        arrived = named.seen_at is not None or await seen(db, rail, settlement, named, now=now)
        state = "succeeded" if arrived else "pending"
        found.append(RefundStanding(named.tx_hash, named.refund_id, Money(named.amount, CURRENCY), state))
    return found


async def seen(db: Database, rail: Rail, settlement: Settlement, named: Named, *, now: datetime) -> bool:
    """Whether the transaction pays at least so much from payee to payer, after the sale, in a block that counts."""
    receipt = await rail.chain.receipt(named.network, named.tx_hash)
    if receipt is None:
        return False
    block, sold_in = receipt.block, settlement.block_number or 0
    if block < sold_in or block > await rail.chain.counted_until(named.network, block, now=now):
        return False
    if paid_back(settlement, receipt.logs) < named.amount:
        return False
    await db.do(SEEN, named.refund_id, now)
    return True


def paid_back(settlement: Settlement, logs: Sequence[Log]) -> int:
    """The most that one transfer of these sends from payee to payer; 0 for none."""
    asset, payee, payer = settlement.asset, settlement.pay_to, settlement.payer
    return max((token.transfers(log, asset=asset, sender=payee, to=payer) or 0 for log in logs), default=0)
