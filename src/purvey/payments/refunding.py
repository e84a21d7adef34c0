"""Refunds by hand: asked for, approved or turned down. A reaction sends them, and `actions.apply` hears what became."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from purvey.kit.db import Tx
from purvey.kit.errors import Conflict, Invalid, NotFound
from purvey.kit.events import publish
from purvey.kit.money import Money, too_fine
from purvey.payments import refund_store, rules, store
from purvey.payments.actions import gone_back
from purvey.payments.events import RefundApproved
from purvey.payments.model import REFUND_LIFE, Payment, Refund, RefundHappening, RefundStatus, Status

SENDING_TAKES = timedelta(minutes=10)  # no call to a gateway is under way for longer


class RefundTooMuch(Conflict):
    """More would go back than is left of what was paid."""

    code = "refund_too_much"


class NotRefundable(Conflict):
    """There is no money here that could go back."""

    code = "not_refundable"


async def request_refund(
    tx: Tx, payment_id: UUID, *, amount: int | None, reason: str, requested_by: UUID | None, now: datetime
) -> Refund:
    """Set so much aside to go back; everything that is left when `amount` is None. Nothing is sent yet.

    Raises NotRefundable, or RefundTooMuch with what is left. The payment is locked until the transaction ends.
    """
    payment = await store.lock(tx, payment_id) if amount is None else None
    asked = payment.refundable if payment else amount
    if amount is not None:
        await refuse_too_fine(tx, payment_id, amount)
    refund = None
    if asked:
        refund = await refund_store.open_refund(
            tx,
            payment_id,
            amount=asked,
            reason=reason,
            status=RefundStatus.REQUESTED,
            requested_by=requested_by,
            reference=None,
            ask_at=rules.next_ask(now=now, asked_times=0),
            now=now,
        )
    if refund is None:
        raise await why_not_refundable(tx, payment_id)
    return refund


async def refuse_too_fine(tx: Tx, payment_id: UUID, amount: int) -> None:
    """Invalid for a part that no gateway could send back; all that is left can go in any case."""
    payment = await store.find(tx, payment_id)
    fault = too_fine(Money(amount, payment.currency)) if payment and amount != payment.refundable else None
    if fault:
        raise Invalid.field("/amount", fault, code="too_fine")


async def why_not_refundable(tx: Tx, payment_id: UUID) -> Conflict:
    payment = await store.find(tx, payment_id)
    if payment is None:
        return NotRefundable("There is no such payment")
    left = {"refundable": payment.refundable if payment.paid_at else 0, "currencyCode": payment.currency}
    if not payment.gives_back or payment.amount == 0:
        return NotRefundable(why_kept(payment), extra=left)
    return RefundTooMuch(f"At most {Money(payment.refundable, payment.currency)} can still go back", extra=left)


def why_kept(payment: Payment) -> str:
    """Why no money of a payment can be sent back now."""
    if payment.dispute_open:
        return (
            "The buyer's bank decides over this payment, and sends its money back if the buyer is right: accept the "
            "dispute at the gateway, or wait until it is won"
        )
    if payment.status is Status.CHARGEBACK_LOST:
        return "The buyer's bank has taken this money back; there is nothing left to give"
    return f"A payment that is {payment.status} has no money to give back"


async def approve_refund(tx: Tx, refund_id: UUID, *, now: datetime) -> Refund:
    """Let a requested refund go: it is sent by a reaction, once. NotRefundable when a bank decides over its money."""
    payment, refund = await locked(tx, refund_id)
    if not payment.gives_back:
        raise NotRefundable(why_kept(payment))
    refund = await moved_refund(tx, refund, RefundHappening.APPROVED, now=now)
    publish(
        tx,
        RefundApproved(subject_id=refund.id, tenant_id=refund.tenant_id, at=now, payment_id=refund.payment_id),
    )
    return refund


async def turn_down_refund(tx: Tx, refund_id: UUID, *, reason: str, now: datetime) -> Refund:
    """A requested refund will not happen; what was set aside for it is free again."""
    before, refund = await locked(tx, refund_id)
    refund = await moved_refund(tx, refund, RefundHappening.FAILED, now=now, failure=reason)
    after = msgspec.structs.replace(gone_back(before, reserved=refund.amount, arrived=0), updated_at=before.since(now))
    await store.save(tx, before, after, [], actor="purvey", reason=reason)
    return refund


async def begin_sending(tx: Tx, refund_id: UUID, *, now: datetime) -> bool:
    """Whether a refund that was let go may be sent now; it is written down that the gateway may have it from now on."""
    payment, refund = await locked(tx, refund_id)
    may = refund.status is RefundStatus.APPROVED and payment.gives_back
    if may:
        await refund_store.begin_sending(tx, refund_id, now=now)
    return may


async def is_over(tx: Tx, refund_id: UUID, *, now: datetime) -> bool:
    """Whether a refund that was let go will not be sent any more: a bank decides over its money, and the gateway, which
    has been asked, does not have it.
    """
    payment, refund = await locked(tx, refund_id)
    return not payment.gives_back and await refund_store.never_sent(tx, refund.id, begun_before=now - SENDING_TAKES)


async def locked(tx: Tx, refund_id: UUID) -> tuple[Payment, Refund]:
    """A refund under its payment's lock; NotFound."""
    refund = await refund_store.find_refund(tx, refund_id)
    if refund is None:
        raise NotFound("There is no such refund")
    payment = await store.lock(tx, refund.payment_id)
    refund = await refund_store.find_refund(tx, refund_id)
    assert refund is not None
    return payment, refund


async def moved_refund(
    tx: Tx, refund: Refund, happening: RefundHappening, *, now: datetime, failure: str | None = None
) -> Refund:
    """One move by hand, under the payment's lock."""
    after = REFUND_LIFE.after(refund.status, happening)
    refund = msgspec.structs.replace(refund, status=after, failure=failure, updated_at=now)
    await refund_store.save_refund(tx, refund)
    return refund
