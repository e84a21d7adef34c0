"""What a buyer, a seller and an admin do with a purchase afterwards."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import access, payments
from purvey.access import Identity
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.events import publish
from purvey.kit.failpoints import reach
from purvey.payments import Gateways, Payment, Refund, RefundApproved, x402
from purvey.purchases import rules, store
from purvey.purchases.checkouts import close_checkout
from purvey.purchases.events import FulfilmentMoved
from purvey.purchases.model import FULFILMENT_LIFE, Fulfilment, Purchase


class NotOpen(Conflict):
    """The purchase is paid, or is over."""

    code = "not_open"


class NothingToFulfil(Conflict):
    """Nothing about this purchase is made or sent by hand, or it is not paid."""

    code = "nothing_to_fulfil"


async def cancel(db: Database, gateways: Gateways, purchase_id: UUID, *, buyer_id: UUID, now: datetime) -> None:
    """The buyer does not want it: its checkout is closed, what was held is free. NotFound, NotOpen, GatewayDown."""
    purchase = await store.find(db, purchase_id)
    if purchase is None or purchase.buyer_id != buyer_id:
        raise NotFound("There is no such purchase")
    payment = await close_checkout(db, gateways, purchase_id, actor=f"buyer:{buyer_id}", now=now)
    if payment.closed_at is None:
        raise NotOpen("The payment is being processed; it cannot be cancelled now")
    if payment.paid_at is not None:
        raise NotOpen("This purchase is paid; ask for a refund instead")


async def request_refund(
    tx: Tx, purchase_id: UUID, *, amount: int | None, reason: str, requested_by: UUID, now: datetime
) -> Refund:
    """Set money aside to go back, all that is left when `amount` is None; it goes by `payments.approve_refund`.

    Raises NotRefundable, RefundTooMuch, Invalid for part of a bundle.
    """
    purchase, payment = await with_payment(tx, purchase_id)
    rules.refuse_part_of_bundle(purchase, amount, refundable=payment.refundable)
    return await payments.request_refund(
        tx, payment.id, amount=amount, reason=reason, requested_by=requested_by, now=now
    )


async def refund(
    tx: Tx, purchase_id: UUID, *, amount: int | None, reason: str, requested_by: UUID, now: datetime
) -> Refund:
    """Send money back, all that is left when `amount` is None. The caller has asked whether this person may.

    It is sent by a reaction after the transaction. Raises NotRefundable, RefundTooMuch, Invalid for part of a bundle.
    """
    made = await request_refund(tx, purchase_id, amount=amount, reason=reason, requested_by=requested_by, now=now)
    made = await payments.approve_refund(tx, made.id, now=now)
    reach("refund.ordered")
    return made


async def execute_refund(
    db: Database, me: Identity, purchase_id: UUID, *, amount: int | None, reason: str, now: datetime
) -> Refund:
    """A permitted member or an admin gives money back, and the audit log says so."""
    async with db.transaction() as tx:
        made = await refund(tx, purchase_id, amount=amount, reason=reason, requested_by=me.user_id, now=now)
        await access.audit(
            tx,
            me,
            action="refund.executed",
            subject_type="purchase",
            subject_id=purchase_id,
            detail={"refundId": str(made.id), "amount": made.amount, "currencyCode": made.currency, "reason": reason},
            tenant_id=made.tenant_id,
            now=now,
        )
    reach("refund.approved")
    return made


async def name_transaction(
    db: Database, me: Identity, purchase_id: UUID, refund_id: UUID, *, tx_hash: str, now: datetime
) -> Refund:
    """The seller says which transaction sends USDC back, for nobody else can send it; the sweep looks whether it does.

    NotFound, Invalid, Conflict, TransactionTaken.
    """
    async with db.transaction() as tx:
        _, payment = await with_payment(tx, purchase_id)
        refund = await payments.find_refund(tx, refund_id)
        if refund is None or refund.payment_id != payment.id:
            raise NotFound("There is no such refund")
        await x402.name_transaction(tx, refund_id, tx_hash=tx_hash, now=now)
        publish(
            tx,
            RefundApproved(subject_id=refund.id, tenant_id=refund.tenant_id, at=now, payment_id=refund.payment_id),
        )
        await access.audit(
            tx,
            me,
            action="refund.transaction_named",
            subject_type="purchase",
            subject_id=purchase_id,
            detail={"refundId": str(refund_id), "transactionHash": tx_hash},
            tenant_id=refund.tenant_id,
            now=now,
        )
    return refund


async def with_payment(db: Queries, purchase_id: UUID) -> tuple[Purchase, Payment]:
    """A purchase and its payment; NotFound."""
    purchase = await store.find(db, purchase_id)
    payment = await payments.of_subject(db, "purchase", purchase_id)
    if purchase is None or payment is None:
        raise NotFound("There is no such purchase")
    return purchase, payment


async def fulfil(
    db: Database,
    me: Identity,
    purchase_id: UUID,
    *,
    site_id: UUID,
    state: Fulfilment,
    note: str | None,
    now: datetime,
) -> None:
    """The author goes on with what they make or send; the buyer sees it. The same state again changes the note."""
    async with db.transaction() as tx:
        seen = await store.find(tx, purchase_id)
        if seen is None or seen.site_id != site_id:
            raise NotFound("There is no such purchase")
        purchase = await store.lock(tx, purchase_id)
        before = purchase.fulfilment_state
        if before is None or purchase.status not in payments.PAID:
            raise NothingToFulfil("Nothing of this purchase is made or sent by hand, or it is not paid")
        after = before if state is before else FULFILMENT_LIFE.after(before, state)
        if (after, note) == (before, purchase.fulfilment_note):
            return
        purchase = msgspec.structs.replace(purchase, fulfilment_state=after, fulfilment_note=note)
        await store.save(tx, purchase, now=now)
        await access.audit(
            tx,
            me,
            action="purchase.fulfilment",
            subject_type="purchase",
            subject_id=purchase_id,
            detail={"from": before, "to": after, "note": note},
            now=now,
        )
        if after is not before:
            publish(tx, moved(purchase, now))


def moved(purchase: Purchase, now: datetime) -> FulfilmentMoved:
    assert purchase.fulfilment_state is not None
    return FulfilmentMoved(
        subject_id=purchase.id,
        tenant_id=purchase.tenant_id,
        at=now,
        site_id=purchase.site_id,
        buyer_id=purchase.buyer_id,
        product_id=purchase.product_id,
        chapter_id=purchase.chapter_id,
        state=purchase.fulfilment_state,
    )
