"""What others may hear about refund requests."""

from uuid import UUID

from purvey.kit.events import Event


class TicketEvent(Event, frozen=True, kw_only=True):
    """`subject_id` is the request's ticket; `buyer_id` opened it."""

    queue = "purchase-events"
    site_id: UUID
    purchase_id: UUID
    buyer_id: UUID


class RefundRequested(TicketEvent, frozen=True, kw_only=True):
    """A buyer asks for their money back."""

    type = "REFUND_REQUESTED"


class RefundRequestAnswered(TicketEvent, frozen=True, kw_only=True):
    """Somebody wrote a message: the buyer, when `author_id` is theirs, or one of the site's team."""

    type = "REFUND_REQUEST_ANSWERED"
    message_id: UUID
    author_id: UUID


class RefundRequestApproved(TicketEvent, frozen=True, kw_only=True):
    """The money is set aside for the buyer; it has not gone yet."""

    type = "REFUND_REQUEST_APPROVED"
    refund_id: UUID
    amount: int
    currency: str


class RefundRequestDeclined(TicketEvent, frozen=True, kw_only=True):
    type = "REFUND_REQUEST_DECLINED"


class RefundRequestWithdrawn(TicketEvent, frozen=True, kw_only=True):
    type = "REFUND_REQUEST_WITHDRAWN"
