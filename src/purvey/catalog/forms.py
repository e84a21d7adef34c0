"""What an author sends: every field with its limits, so that what is wrong is named by its place in the body."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from purvey.catalog.model import Category, PaymentIntegration, ProductType, Recurring
from purvey.kit.fields import (
    NO_CONTROLS,
    TO_THE_END,
    WEB_ADDRESS,
    WITH_A_WORD,
    WITHOUT_NUL,
    Amount,
    CurrencyCode,
    Slug,
    Time,
)
from purvey.kit.ids import Id
from purvey.kit.versions import Version
from purvey.pricing import QuantityTransform

MAX_PRICES = 100
MAX_MEMBERS = 100
MAX_COUNT = 10**12
SMALLEST, LARGEST = -(2**15), 2**15 - 1  # the first source's SmallInt

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=WITH_A_WORD)]
Description = Annotated[str, Meta(max_length=20_000, pattern=WITHOUT_NUL)]
ShortDesc = Annotated[str, Meta(max_length=200, pattern=WITHOUT_NUL)]
LongText = Annotated[str, Meta(max_length=20_000, pattern=WITHOUT_NUL)]
Message = Annotated[str, Meta(max_length=2_000, pattern=WITHOUT_NUL)]
Url = Annotated[
    str,
    Meta(max_length=2_048, pattern=r"^https?://[^\s\u0000-\u001f\u007f]+" + TO_THE_END, description=WEB_ADDRESS),
]
SKU_MAX = 250
Sku = Annotated[str, Meta(min_length=1, max_length=SKU_MAX, pattern=NO_CONTROLS)]
Reference = Annotated[str, Meta(min_length=1, max_length=100, pattern=NO_CONTROLS)]
MaxDownloads = Annotated[int, Meta(ge=1, le=2**31 - 1)]
MaxPerBuyer = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Quantity = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
DisplayOrder = Annotated[int, Meta(ge=SMALLEST, le=LARGEST)]
PermissionWord = Annotated[str, Meta(min_length=1, max_length=100, pattern=NO_CONTROLS)]
Permissions = Annotated[
    dict[PermissionWord, Annotated[list[PermissionWord], Meta(max_length=100)]],
    Meta(max_length=100, description="Permission keys, each with the values that an owner of the product is granted"),
]
Members = Annotated[list[Id], Meta(max_length=MAX_MEMBERS, description="The products in a BUNDLE")]


class NewPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A price of a new product. `id` is the creator's own name for it, unique within the product."""

    id: Reference | None = None
    sku: Sku
    amount: Amount
    currency_code: CurrencyCode | None = None
    compare_at_amount: Amount | None = None
    recurring: Recurring | None = None
    quantity_transform: QuantityTransform | None = None


class CreateProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A new product: with a flat `price`, with `prices`, or with both, of which the flat one is the default.

    It is on sale at once, unless `isActive` is false. From somebody without EditProductPrice it is a draft: not on
    sale, for a price of 0, until somebody with it decides what it costs.
    """

    name: Name
    slug: Slug | None = None
    product_type: ProductType | None = None
    category: Category | None = None
    description: Description | None = None
    short_desc: ShortDesc | None = None
    price: Amount | None = None
    compare_price: Amount | None = None
    currency_code: CurrencyCode | None = None
    sku: Sku | None = None
    prices: Annotated[list[NewPrice], Meta(max_length=MAX_PRICES)] = []
    max_downloads: MaxDownloads | None = None
    max_per_buyer: MaxPerBuyer | None = None
    is_limited: bool = False
    total_quantity: Quantity | None = None
    restock_on_refund: bool = True
    is_active: bool | UnsetType = UNSET
    available_from: Time | None = None
    available_until: Time | None = None
    display_order: DisplayOrder = 0
    is_featured: bool = False
    is_pay_what_you_want: bool = False
    minimum_amount: Amount = 0
    thank_you_message: Message | None = None
    redirect_url: Url | None = None
    use_redirect_url: bool = False
    license_enabled: bool = False
    license_text: LongText | None = None
    permissions: Permissions = {}
    is_system: bool = False
    payment_integration: PaymentIntegration = PaymentIntegration.GATEWAY
    member_ids: Members = []


class ChangedPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A price as it shall be: one that is there, by `id` or `sku`, or a new one. What is missing stays."""

    id: Reference | UnsetType = UNSET
    ref: Reference | UnsetType = UNSET
    sku: Sku | UnsetType = UNSET
    amount: Amount | UnsetType = UNSET
    currency_code: CurrencyCode | UnsetType = UNSET
    compare_at_amount: Amount | UnsetType | None = UNSET
    recurring: Recurring | UnsetType | None = UNSET
    quantity_transform: QuantityTransform | UnsetType | None = UNSET
    is_default: bool | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET
    version_id: Any = UNSET


class UpdateProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What shall change: a missing field stays, null clears. A whole product as it was read may be sent back.

    What is not changed here is refused when it differs from what was read; what changes by itself is left alone.
    """

    version: Version | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    product_type: ProductType | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    short_desc: ShortDesc | UnsetType | None = UNSET
    price: Amount | UnsetType = UNSET
    compare_price: Amount | UnsetType | None = UNSET
    currency_code: CurrencyCode | UnsetType = UNSET
    sku: Sku | UnsetType = UNSET
    prices: Annotated[list[ChangedPrice], Meta(max_length=1_000)] | UnsetType = UNSET
    max_downloads: MaxDownloads | UnsetType | None = UNSET
    max_per_buyer: MaxPerBuyer | UnsetType | None = UNSET
    is_limited: bool | UnsetType = UNSET
    total_quantity: Quantity | UnsetType | None = UNSET
    restock_on_refund: bool | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    available_from: Time | UnsetType | None = UNSET
    available_until: Time | UnsetType | None = UNSET
    display_order: DisplayOrder | UnsetType = UNSET
    is_featured: bool | UnsetType = UNSET
    is_pay_what_you_want: bool | UnsetType = UNSET
    minimum_amount: Amount | UnsetType = UNSET
    thank_you_message: Message | UnsetType | None = UNSET
    redirect_url: Url | UnsetType | None = UNSET
    use_redirect_url: bool | UnsetType = UNSET
    license_enabled: bool | UnsetType = UNSET
    license_text: LongText | UnsetType | None = UNSET
    permissions: Permissions | UnsetType = UNSET
    is_system: bool | UnsetType = UNSET
    payment_integration: PaymentIntegration | UnsetType = UNSET
    member_ids: Members | UnsetType = UNSET

    id: Id | UnsetType = UNSET
    site_id: Id | UnsetType = UNSET
    tenant_id: Id | UnsetType = UNSET
    author_id: Id | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET

    first_active_at: Time | UnsetType | None = UNSET
    deleted_at: Time | UnsetType | None = UNSET
    suspension: Any = UNSET
    kind: Any = UNSET
    fulfilment: Any = UNSET
    suggestion: Any = UNSET
    price_id: Any = UNSET
    cover_image_url: Any = UNSET
    preview_images: Any = UNSET
    download_file_ref: Id | UnsetType | None = UNSET
    download_file_name: Any = UNSET
    download_file_size: Any = UNSET
    download_mime_type: Any = UNSET
    files: Any = UNSET
    media: Any = UNSET
    members: Any = UNSET

    updated_at: Any = UNSET
    sold_count: Any = UNSET
    stock: Any = UNSET
