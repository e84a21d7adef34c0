"""What happens to products and prices. Others keep themselves true by these: gateways, tenant products, permissions."""

from typing import Any
from uuid import UUID

from purvey.catalog.model import Recurring
from purvey.kit.events import Event
from purvey.pricing import QuantityTransform


class ProductEvent(Event, frozen=True, kw_only=True):
    """Of one product; `subject_id` is its id."""

    queue = "product-product-events"
    site_id: UUID
    slug: str
    version: int


class ProductCreated(ProductEvent, frozen=True, kw_only=True):
    """A product came into being, with its prices."""

    type = "PRODUCT_CREATED"
    name: str
    description: str | None
    product_type: str
    payment_integration: str
    permissions: dict[str, list[str]]
    is_active: bool


class ProductUpdated(ProductEvent, frozen=True, kw_only=True):
    """Some fields changed; `changed` holds their new values by name."""

    type = "PRODUCT_UPDATED"
    changed: dict[str, Any]


class ProductDeleted(ProductEvent, frozen=True, kw_only=True):
    """It was archived: no new sales, and owners keep what they have."""

    type = "PRODUCT_DELETED"


class PriceEvent(Event, frozen=True, kw_only=True):
    """Of one price; `subject_id` is its id."""

    queue = "product-price-events"
    product_id: UUID
    sku: str


class PriceCreated(PriceEvent, frozen=True, kw_only=True):
    type = "PRICE_CREATED"
    version_id: UUID
    amount: int
    currency: str
    compare_at_amount: int | None
    recurring: Recurring | None
    transform: QuantityTransform | None


class PriceUpdated(PriceEvent, frozen=True, kw_only=True):
    """It has a new version, or became the default, or is offered again."""

    type = "PRICE_UPDATED"
    version_id: UUID
    previous_version_id: UUID
    amount: int
    currency: str
    compare_at_amount: int | None
    recurring: Recurring | None
    transform: QuantityTransform | None


class PriceDeleted(PriceEvent, frozen=True, kw_only=True):
    """It is offered no more; what was sold by it stays."""

    type = "PRICE_DELETED"
