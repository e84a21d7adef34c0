"""A purchase as its buyer and its seller see it. Amounts are minor units."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey.payments import RefundStatus, Status
from purvey.purchases.model import Address, Fulfilment, ItemType


class PurchaseView(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """One line of a list. `reader_id` is who bought."""

    id: UUID
    order_number: int
    reader_id: UUID
    site_id: UUID
    site_slug: str
    item_type: ItemType
    product_id: UUID | None
    product_slug: str | None
    chapter_id: UUID | None
    item_name: str
    product_type: str | None
    quantity: int
    amount: int
    discount_amount: int
    tax_amount: int
    final_amount: int
    refunded_amount: int
    currency_code: str
    discount_code_id: UUID | None
    payment_id: UUID
    status: Status
    fulfilment_state: Fulfilment | None
    delivered_at: datetime | None
    download_count: int
    last_download_at: datetime | None
    refunded_at: datetime | None
    refund_reason: str | None
    created_at: datetime
    updated_at: datetime


class ItemView(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A product that belongs to the purchase: itself, or a bundle's member as it was when sold."""

    product_id: UUID
    name: str
    product_type: str
    quantity: int


class FileView(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A file that may be downloaded. `downloads_left` is null when there is no limit."""

    file_id: UUID
    product_id: UUID
    file_name: str
    size_bytes: int
    mime_type: str
    downloads_left: int | None


class RefundLine(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    id: UUID
    amount: int
    status: RefundStatus
    reason: str
    created_at: datetime


class PurchaseDetail(PurchaseView, rename="camel", kw_only=True, frozen=True):
    """The whole of it, for its buyer. What comes with owning is null until it is paid.

    `checkout_url` and `expires_at` are there while it can be paid; `refundable_until` is by the site's window of
    the day it was sold, or by a longer one since.
    """

    unit_amount: int
    units: int
    tax_rate_bps: int
    tax_inclusive: bool
    provider: str
    checkout_url: str | None
    expires_at: datetime | None
    refundable_until: datetime | None
    thank_you_message: str | None
    redirect_url: str | None
    license_text: str | None
    fulfilment_note: str | None
    shipping_address: Address | None
    brief: str | None
    buyer_name: str | None
    items: list[ItemView]
    files: list[FileView]
    refunds: list[RefundLine]


class OpenOrder(msgspec.Struct, frozen=True):
    """What a buyer has at the checkout; it can be paid until `expires_at`."""

    id: UUID
    final_amount: int
    currency_code: str
    expires_at: datetime


class SaleView(PurchaseView, rename="camel", kw_only=True, frozen=True):
    """The same line for the seller, with who bought it, and who gave the money back."""

    buyer_id: UUID
    buyer_display_name: str
    buyer_email: str | None
    buyer_name: str | None
    refunded_by: UUID | None


class SaleDetail(SaleView, rename="camel", kw_only=True, frozen=True):
    """The whole of it, for the seller: what has to be made or sent, and where to.

    `held_because` is there while its payment is ON_HOLD: somebody has to release it, or give the money back.
    """

    unit_amount: int
    units: int
    tax_rate_bps: int
    tax_inclusive: bool
    provider: str
    held_because: str | None
    fulfilment_note: str | None
    shipping_address: Address | None
    brief: str | None
    items: list[ItemView]
    refunds: list[RefundLine]


class Released(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A payment whose money is kept."""

    payment_id: UUID
    purchase_id: UUID
    status: Status


class CheckoutView(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """Money must come: open `checkout_url` in a browser before `expires_at`. `final_amount` is asked for there."""

    checkout_url: str
    purchase_id: UUID
    payment_id: UUID
    provider: str
    final_amount: int
    currency_code: str
    expires_at: datetime


class RefundView(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A refund. It has been asked for when APPROVED, and is with the buyer's bank when SUCCEEDED."""

    id: UUID
    payment_id: UUID
    amount: int
    currency_code: str
    reason: str
    status: RefundStatus
    failure: str | None
    requested_by: UUID | None
    created_at: datetime
    updated_at: datetime


def refund_view(refund: Any) -> RefundView:
    names = set(RefundView.__struct_fields__) - {"currency_code"}
    return RefundView(currency_code=refund.currency, **{name: getattr(refund, name) for name in names})
