"""What Stripe's objects mean for a payment. Pure."""

from collections.abc import Sequence

from purvey.kit.money import Money
from purvey.payments.gateway import DisputeStanding, RefundStanding, Standing, State
from purvey.payments.stripe.model import Dispute, Intent, Refund, Session, our_id
from purvey.payments.stripe.units import from_stripe

# While a session is open its buyer may still try; once it is complete, or expired, they may not.
TRYING = {
    "requires_payment_method": State.OPEN,
    "requires_confirmation": State.OPEN,
    "requires_action": State.REQUIRES_ACTION,
    "requires_capture": State.PROCESSING,
    "processing": State.PROCESSING,
    "succeeded": State.PAID,
    "canceled": State.FAILED,
}
OVER = TRYING | {"requires_payment_method": State.FAILED, "requires_confirmation": State.FAILED}
REFUND_STATES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
DISPUTE_STATES = {"won": "won", "lost": "lost"}


def standing_of(session: Session, refunds: Sequence[Refund], disputes: Sequence[Dispute]) -> Standing:
    """How a payment stands, from everything Stripe has on it."""
    intent = session.payment_intent
    state = state_of(session)
    problem = intent.last_payment_error if intent else None
    return Standing(
        state=state,
        checkout_reference=session.id,
        reference=intent.id if intent else None,
        paid=paid_by(session) if state is State.PAID else None,
        failure=problem.message if problem and state in {State.DECLINED, State.FAILED} else None,
        refunds=tuple(refund_standing(refund) for refund in refunds),
        disputes=tuple(dispute_standing(dispute) for dispute in disputes if takes_money(dispute)),
    )


def state_of(session: Session) -> State:
    intent = session.payment_intent
    if intent is not None and intent.status == "succeeded":
        return State.PAID
    if session.status == "expired":
        return State.EXPIRED
    if session.status == "complete":
        return OVER[intent.status] if intent else State.PAID
    return tried(intent) if intent else State.OPEN


def tried(intent: Intent) -> State:
    """Of a checkout that is still open."""
    if intent.status == "requires_payment_method" and intent.last_payment_error:
        return State.DECLINED
    return TRYING[intent.status]


def paid_by(session: Session) -> Money | None:
    intent = session.payment_intent
    if intent is not None:
        return from_stripe(intent.amount_received, intent.currency)
    return Money.zero(session.currency.upper()) if session.currency else None


def refund_standing(refund: Refund) -> RefundStanding:
    return RefundStanding(
        reference=refund.id,
        refund_id=our_id(refund.metadata, "refund_id"),
        amount=from_stripe(refund.amount, refund.currency),
        state=REFUND_STATES.get(refund.status or "", "pending"),
        failure=refund.failure_reason,
    )


def dispute_standing(dispute: Dispute) -> DisputeStanding:
    return DisputeStanding(
        reference=dispute.id,
        amount=from_stripe(dispute.amount, dispute.currency),
        state=DISPUTE_STATES.get(dispute.status, "open"),
        reason=dispute.reason,
    )


def takes_money(dispute: Dispute) -> bool:
    """Whether it is a dispute already: an inquiry (`warning_…`) and one that was prevented take nothing."""
    return not dispute.status.startswith("warning_") and dispute.status != "prevented"
