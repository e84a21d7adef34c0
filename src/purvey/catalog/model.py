"""A product, its prices, and how it comes to its buyer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from purvey.pricing import QuantityTransform


class ProductType(StrEnum):
    DIGITAL_DOWNLOAD = "DIGITAL_DOWNLOAD"
    BONUS_CONTENT = "BONUS_CONTENT"
    ART_PACK = "ART_PACK"
    WALLPAPER_PACK = "WALLPAPER_PACK"
    AUDIO_CONTENT = "AUDIO_CONTENT"
    EBOOK = "EBOOK"
    BUNDLE = "BUNDLE"
    MERCHANDISE = "MERCHANDISE"
    COMMISSION_SLOT = "COMMISSION_SLOT"
    CUSTOM = "CUSTOM"


class Category(StrEnum):
    DIGITAL_ART = "digital_art"
    MUSIC = "music"
    EBOOK = "ebook"
    SOFTWARE = "software"
    COURSE = "course"
    TEMPLATE = "template"
    VIDEO = "video"
    OTHER = "other"


class Fulfilment(StrEnum):
    """How it comes to its buyer: by download, or by the author's own hands."""

    DOWNLOAD = "download"
    SHIPPING = "shipping"  # asks the buyer for an address
    COMMISSION = "commission"  # asks the buyer for a brief


class PaymentIntegration(StrEnum):
    GATEWAY = "gateway"
    INVOICE = "invoice"


class Kind(StrEnum):
    """Recurring when any of its prices is (C14)."""

    RECURRING = "recurring"
    ONE_TIME = "one-time"


class Interval(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Recurring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Billed again every so many days, weeks, months or years."""

    interval: Interval
    interval_count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What may change of a price; each change makes a new immutable version. Amounts in minor units."""

    amount: int
    currency: str
    compare_at_amount: int | None = None
    recurring: Recurring | None = None
    transform: QuantityTransform | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay for a product. Its id and SKU are its own for ever; `ref` is the creator's name for it."""

    id: UUID
    ref: str
    sku: str
    is_default: bool
    position: int
    version_id: UUID
    archived_at: datetime | None
    terms: Terms


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What is sold. `default_amount` repeats its default price, for sorting.

    `sold_count` is rolled up now and then; a limited product's stock knows exactly.
    """

    id: UUID
    tenant_id: UUID
    site_id: UUID
    author_id: UUID
    name: str
    slug: str
    description: str | None
    short_desc: str | None
    product_type: ProductType
    category: Category
    kind: Kind
    currency: str
    default_amount: int
    max_downloads: int | None
    max_per_buyer: int | None = None
    is_limited: bool
    total_quantity: int | None
    restock_on_refund: bool
    sold_count: int = 0
    is_active: bool
    first_active_at: datetime | None = None
    deleted_at: datetime | None = None
    active_when_deleted: bool = False
    suspended_at: datetime | None = None
    suspended_reason: str | None = None
    available_from: datetime | None
    available_until: datetime | None
    display_order: int
    is_featured: bool
    is_pay_what_you_want: bool
    minimum_amount: int
    thank_you_message: str | None
    redirect_url: str | None
    use_redirect_url: bool
    license_enabled: bool
    license_text: str | None
    permissions: dict[str, list[str]]
    is_system: bool
    payment_integration: PaymentIntegration
    version: int = 1
    created_at: datetime
    updated_at: datetime
