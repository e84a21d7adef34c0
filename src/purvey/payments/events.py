"""What others may hear about money."""

from uuid import UUID

from purvey.kit.events import Event


class GatewayNotified(Event, frozen=True, kw_only=True):
    """A gateway's notice is in the inbox. It is a hint only: how the payment stands is read afresh."""

    type = "GATEWAY_NOTIFIED"
    queue = "payment-events"
    provider: str
    notice_id: str
    kind: str
    payment_id: UUID | None
    checkout_reference: str | None
    reference: str | None


class StripeNotified(GatewayNotified, frozen=True, kw_only=True):
    """The same from Stripe, whose notices wait in a queue of their own."""

    queue = "product-stripe-events"


class RefundApproved(Event, frozen=True, kw_only=True):
    """A refund is to be sent. `subject_id` is the refund."""

    type = "REFUND_APPROVED"
    queue = "payment-events"
    payment_id: UUID


class RefundStrayed(Event, frozen=True, kw_only=True):
    """The gateway sent back more than is left of a payment here. `subject_id` is the payment."""

    type = "REFUND_STRAYED"
    queue = "payment-events"
    reference: str


class PaymentMoved(Event, frozen=True, kw_only=True):
    """A payment's status changed. `subject_id` is the payment."""

    type = "PAYMENT_MOVED"
    queue = "payment-events"
    before: str
    after: str
    reason: str | None
