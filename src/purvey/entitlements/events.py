"""What others may hear about entitlements: the third source calls them customer products."""

from uuid import UUID

from purvey.kit.events import Event


class CustomerProductEvent(Event, frozen=True, kw_only=True):
    """`subject_id` is the entitlement."""

    queue = "product-customer-product-events"
    user_id: UUID
    product_id: UUID | None
    chapter_id: UUID | None
    source: str
    source_id: UUID


class CustomerProductCreated(CustomerProductEvent, frozen=True, kw_only=True):
    type = "CUSTOMER_PRODUCT_CREATED"


class CustomerProductUpdated(CustomerProductEvent, frozen=True, kw_only=True):
    """It was suspended, or restored: `state` says which."""

    type = "CUSTOMER_PRODUCT_UPDATED"
    state: str


class CustomerProductDeleted(CustomerProductEvent, frozen=True, kw_only=True):
    type = "CUSTOMER_PRODUCT_DELETED"
