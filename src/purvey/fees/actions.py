"""What happens to fees: held by a purchase, used when it is paid, free again when nothing came of it."""

from datetime import datetime
from uuid import UUID

from purvey import access
from purvey.access import Identity
from purvey.fees import rules, store
from purvey.fees.model import Credit, CreditHappening, FeeHappening, PurchaseFee, Rates
from purvey.fees.rules import FeeUsed
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.money import Money

H, G = CreditHappening, FeeHappening


class NotOwed(Conflict):
    """There is nothing to pay here, or it was paid before."""

    code = "not_owed"


async def fit(db: Queries, tx_hash: str, *, payer: str, amount: Money) -> Credit:
    """The fee that this wallet paid by this transaction, for a purchase of this amount.

    Unfit. It promises nothing: `hold` does.
    """
    return rules.refuse_unfit(await store.by_transaction(db, tx_hash, payer), amount)


async def hold(
    tx: Tx,
    *,
    credit: Credit | None,
    rates: Rates,
    amount: Money,
    purchase_id: UUID,
    tenant_id: UUID,
    site_id: UUID,
    now: datetime,
) -> None:
    """Keep a credit for a purchase, or note what its seller will owe by these rates; FeeUsed.

    It ends in `settle` or `drop`.
    """
    fee = rules.fee_of(amount, credit.rates) if credit else rules.owed_of(amount, rates)
    if not fee:
        return
    if credit is not None and await store.move_credit(tx, credit.id, H.HELD, purchase_id=purchase_id, now=now) is None:
        raise FeeUsed(rules.USED)
    await store.expect(
        tx, purchase_id, tenant_id=tenant_id, site_id=site_id, amount=fee.minor,
        credit_id=credit.id if credit else None, now=now,
    )  # fmt: skip


async def settle(tx: Tx, purchase_id: UUID, *, now: datetime) -> None:
    """The purchase is paid: its credit is used, or its seller owes the fee. Harmless when it has none.

    Late money may find its credit used for something else: the goods are sold all the same, and the fee is owed.
    """
    fee = await store.lock_fee(tx, purchase_id)
    if fee is None:
        return
    used = None
    if fee.credit_id is not None:
        used = await store.move_credit(tx, fee.credit_id, H.USED, purchase_id=purchase_id, now=now)
    happening = G.SOLD if used else G.SOLD_WITHOUT
    await store.move_fee(tx, fee, happening, credit_id=used.id if used else None, now=now)


async def drop(tx: Tx, purchase_id: UUID, *, now: datetime) -> None:
    """Nothing came of the purchase: its credit is free again. Harmless when it has none."""
    fee = await store.lock_fee(tx, purchase_id)
    if fee is None:
        return
    if fee.credit_id is not None:
        await store.move_credit(tx, fee.credit_id, H.RELEASED, purchase_id=purchase_id, now=now)
    await store.move_fee(tx, fee, G.DROPPED, credit_id=fee.credit_id, now=now)


async def note_paid(db: Database, me: Identity, purchase_id: UUID, *, paid_by: str, now: datetime) -> PurchaseFee:
    """The seller has paid what was owed for a purchase; NotFound, NotOwed."""
    async with db.transaction() as tx:
        fee = await store.lock_fee(tx, purchase_id)
        if fee is None:
            raise NotFound("This purchase has no fee")
        if fee.state != "OWED":
            raise NotOwed(f"The fee of this purchase is {fee.state}, not OWED")
        paid = await store.move_fee(tx, fee, G.PAID, paid_by=paid_by, now=now)
        await access.audit(
            tx, me, action="fee.paid", subject_type="purchase", subject_id=purchase_id,
            detail={"amount": fee.amount, "paidBy": paid_by}, tenant_id=fee.tenant_id, now=now,
        )  # fmt: skip
    return paid


async def give_back(db: Database, me: Identity, credit_id: UUID, *, returned_by: str, now: datetime) -> Credit:
    """The platform has sent an unused fee back to its payer; NotFound, NotOwed."""
    async with db.transaction() as tx:
        returned = await store.move_credit(tx, credit_id, H.RETURNED, returned_by=returned_by, now=now)
        if returned is None:
            credit = await store.find(tx, credit_id)
            if credit is None:
                raise NotFound("There is no such fee")
            raise NotOwed(f"This fee is {credit.state}, not UNUSED")
        await access.audit(
            tx, me, action="fee.returned", subject_type="fee", subject_id=credit_id,
            detail={"payer": returned.payer, "amount": returned.amount, "returnedBy": returned_by}, now=now,
        )  # fmt: skip
    return returned
