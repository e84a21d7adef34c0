"""What others may hear about purchases."""

from uuid import UUID

from purvey.kit.events import Event


class PurchaseEvent(Event, frozen=True, kw_only=True):
    """`subject_id` is the purchase. Amounts in minor units."""

    queue = "purchase-events"
    site_id: UUID
    buyer_id: UUID
    product_id: UUID | None
    chapter_id: UUID | None


class PurchaseBegun(PurchaseEvent, frozen=True, kw_only=True):
    """A buyer was asked for money."""

    type = "PURCHASE_BEGUN"
    payment_id: UUID


class OneTimePurchaseCompleted(PurchaseEvent, frozen=True, kw_only=True):
    """It is paid and delivered."""

    type = "ONE_TIME_PURCHASE_COMPLETED"
    queue = "product-customer-product-events"
    payment_id: UUID
    amount: int
    currency: str


class PurchaseRefunded(PurchaseEvent, frozen=True, kw_only=True):
    """Money went back to the buyer; `whole` when all of it did, and what they bought with it."""

    type = "PURCHASE_REFUNDED"
    refund_id: UUID
    amount: int
    currency: str
    whole: bool


class PurchaseClosed(PurchaseEvent, frozen=True, kw_only=True):
    """Nothing came of it; what was held for it is free again."""

    type = "PURCHASE_CLOSED"
    status: str


class FulfilmentMoved(PurchaseEvent, frozen=True, kw_only=True):
    """The author went on with what is made or sent by hand."""

    type = "FULFILMENT_MOVED"
    state: str
