"""How a product is shown to its own team. Buyers see less: `shop`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol, Self
from uuid import UUID

import msgspec

from purvey.catalog.model import (
    Category,
    Fulfilment,
    Kind,
    PaymentIntegration,
    Price,
    Product,
    ProductType,
    Recurring,
)
from purvey.catalog.rules import fulfilment_of
from purvey.kit.absolute import whole, wholly
from purvey.pricing import QuantityTransform


class PriceView(msgspec.Struct, kw_only=True, rename="camel"):
    id: UUID
    ref: str
    sku: str
    amount: int
    currency_code: str
    compare_at_amount: int | None
    recurring: Recurring | None
    quantity_transform: QuantityTransform | None
    is_default: bool
    is_archived: bool
    version_id: UUID


class StockView(msgspec.Struct, kw_only=True, rename="camel"):
    """Copies of a limited product: `remaining` are neither sold nor held by an open checkout."""

    total: int
    reserved: int
    sold: int
    remaining: int


class Suspension(msgspec.Struct, kw_only=True, rename="camel"):
    """The platform took it off the shop, and why."""

    suspended_at: datetime
    reason: str | None


class FileView(msgspec.Struct, kw_only=True, rename="camel"):
    """A file that buyers download, in its newest version. Where it lies is nobody's business."""

    id: UUID
    version_id: UUID
    number: int
    file_name: str
    size_bytes: int
    mime_type: str
    sha256: str
    created_at: datetime


class MediaView(msgspec.Struct, kw_only=True, rename="camel"):
    """A picture or video that shows what the product is."""

    id: UUID
    media_type: str
    position: int
    url: str
    external_url: str | None
    mime_type: str | None
    size_bytes: int | None
    width: int | None
    height: int | None
    renditions: list[dict[str, Any]]

    def whole_at(self, base_url: str) -> Self:
        url = whole(self.url, base_url) or self.url
        return msgspec.structs.replace(self, url=url, renditions=wholly(self.renditions, base_url))


class Pictured(Protocol):
    """Whatever has renditions, the narrowest first."""

    @property
    def renditions(self) -> list[dict[str, Any]]: ...


class MemberView(msgspec.Struct, kw_only=True, rename="camel"):
    """A product in a bundle."""

    id: UUID
    name: str
    slug: str
    product_type: ProductType
    is_active: bool


class ProductView(msgspec.Struct, kw_only=True, rename="camel"):
    """A product whole, as its team sees it. The flat price and SKU are its default price's."""

    id: UUID
    tenant_id: UUID
    site_id: UUID
    author_id: UUID
    name: str
    slug: str
    product_type: ProductType
    category: Category
    kind: Kind
    fulfilment: Fulfilment
    description: str | None
    short_desc: str | None
    price: int
    compare_price: int | None
    currency_code: str
    sku: str
    price_id: UUID
    suggestion: int | None
    prices: list[PriceView]
    max_downloads: int | None
    max_per_buyer: int | None
    is_limited: bool
    total_quantity: int | None
    sold_count: int
    stock: StockView | None
    restock_on_refund: bool
    is_active: bool
    first_active_at: datetime | None
    suspension: Suspension | None
    deleted_at: datetime | None
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
    member_ids: list[UUID]
    members: list[MemberView]
    cover_image_url: str | None
    preview_images: list[str]
    download_file_ref: UUID | None
    download_file_name: str | None
    download_file_size: int | None
    download_mime_type: str | None
    files: list[FileView]
    media: list[MediaView]
    version: int
    created_at: datetime
    updated_at: datetime

    def whole_at(self, base_url: str) -> Self:
        return msgspec.structs.replace(
            self,
            cover_image_url=whole(self.cover_image_url, base_url),
            preview_images=[f"{base_url}{url}" for url in self.preview_images],
            media=[each.whole_at(base_url) for each in self.media],
        )


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A product with everything that hangs on it, as one statement reads it."""

    product: Product
    prices: list[Price]
    stock: StockView | None
    files: list[FileView]
    media: list[MediaView]
    members: list[MemberView]
    cover_image_url: str | None

    @property
    def default_price(self) -> Price:
        return next(price for price in self.prices if price.is_default)


ALIKE = tuple(name for name in ProductView.__struct_fields__ if name in Product.__struct_fields__)


def view_of(whole: Whole) -> ProductView:
    """What its team sees."""
    product, price, terms = whole.product, whole.default_price, whole.default_price.terms
    first = whole.files[0] if whole.files else None
    same = {name: getattr(product, name) for name in ALIKE} | {
        "sold_count": whole.stock.sold if whole.stock else product.sold_count
    }
    return ProductView(
        **same,
        fulfilment=fulfilment_of(product.product_type),
        price=terms.amount,
        compare_price=terms.compare_at_amount,
        currency_code=terms.currency,
        sku=price.sku,
        price_id=price.id,
        suggestion=terms.amount if product.is_pay_what_you_want else None,
        prices=[price_view(each) for each in whole.prices],
        stock=whole.stock,
        suspension=suspension_of(product),
        member_ids=[member.id for member in whole.members],
        members=whole.members,
        cover_image_url=whole.cover_image_url,
        preview_images=preview_images(whole.media),
        download_file_ref=first.id if first else None,
        download_file_name=first.file_name if first else None,
        download_file_size=first.size_bytes if first else None,
        download_mime_type=first.mime_type if first else None,
        files=whole.files,
        media=whole.media,
    )


def preview_images(media: Sequence[Pictured]) -> list[str]:
    """Where the pictures of a product are, each at its largest."""
    return [str(medium.renditions[-1]["url"]) for medium in media if medium.renditions]


def suspension_of(product: Product) -> Suspension | None:
    if product.suspended_at is None:
        return None
    return Suspension(suspended_at=product.suspended_at, reason=product.suspended_reason)


def price_view(price: Price) -> PriceView:
    return PriceView(
        id=price.id,
        ref=price.ref,
        sku=price.sku,
        amount=price.terms.amount,
        currency_code=price.terms.currency,
        compare_at_amount=price.terms.compare_at_amount,
        recurring=price.terms.recurring,
        quantity_transform=price.terms.transform,
        is_default=price.is_default,
        is_archived=price.archived_at is not None,
        version_id=price.version_id,
    )
