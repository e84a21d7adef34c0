"""What is asked for, what was agreed, and what can happen to it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec

from purvey.catalog import Offer, Taken
from purvey.kit.fields import TO_THE_END, WITH_A_WORD
from purvey.kit.life import Life
from purvey.kit.money import Money
from purvey.payments import Payment, Status

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WITH_A_WORD)]


class ItemType(StrEnum):
    PRODUCT = "product"
    CHAPTER = "chapter"


class Goods(StrEnum):
    """What is kept for a purchase: in stock, and of its discount code."""

    HELD = "HELD"  # while its checkout is open
    SOLD = "SOLD"
    RELEASED = "RELEASED"  # nothing came of it
    RETURNED = "RETURNED"  # refunded, and back on the shelf


class Fulfilment(StrEnum):
    """How far the author is with what is made or sent by hand."""

    TO_DO = "TO_DO"
    IN_PROGRESS = "IN_PROGRESS"
    SHIPPED = "SHIPPED"
    DONE = "DONE"


F = Fulfilment

# What the author does is named by where it leads; a step back mends a mistake.
# fmt: off
FULFILMENT_LIFE = Life[Fulfilment, Fulfilment](
    "fulfilment",
    (F.TO_DO,       F.IN_PROGRESS, F.IN_PROGRESS),
    (F.TO_DO,       F.SHIPPED,     F.SHIPPED),
    (F.TO_DO,       F.DONE,        F.DONE),
    (F.IN_PROGRESS, F.TO_DO,       F.TO_DO),
    (F.IN_PROGRESS, F.SHIPPED,     F.SHIPPED),
    (F.IN_PROGRESS, F.DONE,        F.DONE),
    (F.SHIPPED,     F.IN_PROGRESS, F.IN_PROGRESS),
    (F.SHIPPED,     F.DONE,        F.DONE),
)
# fmt: on


class Address(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """Where merchandise goes. `country_code` is ISO 3166-1 alpha-2."""

    name: Line
    line1: Line
    line2: Line | None = None
    city: Line
    region: Line | None = None
    postal_code: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    country_code: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Z]{2}" + TO_THE_END, description="A code of ISO 3166 such as DE")
    ]
    phone: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer asks for. `amount` is what they choose to pay in all, in minor units.

    `seen_total` is what they were told that it comes to; it is sold for nothing else.
    """

    item_type: ItemType
    item_id: UUID
    price_id: UUID | None = None
    quantity: int = 1
    amount: int | None = None
    discount_code: str | None = None
    payment_method_id: str | None = None
    shipping_address: Address | None = None
    brief: str | None = None
    buyer_name: str | None = None
    seen_total: int | None = None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a product one buyer may have, and has: bought, or at the checkout."""

    product_id: UUID
    name: str
    most: int
    has: int


class Sought(Offer, frozen=True, kw_only=True):
    """An offer, and how its buyer stands to it. `open_id` is their open checkout of the same thing, `settling_id` their
    purchase of any of it that a chain is about to decide. `held_units`: of limited goods, at all their checkouts.
    """

    owned: bool
    open_id: UUID | None
    settling_id: UUID | None
    open_count: int
    held_units: int
    caps: list[Share]
    customer_id: UUID | None

    def taken(self, quantity: int) -> list[Taken]:
        """What a sale takes: the product itself and a bundle's members, in the order of their ids."""
        if self.item_type == ItemType.CHAPTER:
            return []
        counted = {shelf.product_id for shelf in self.shelves}
        ids = sorted([self.item_id, *self.member_ids])
        return [Taken(product_id=id, quantity=quantity, counted=id in counted) for id in ids]


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed. Amounts are minor units of `currency`; `status` is its payment's."""

    id: UUID
    tenant_id: UUID
    site_id: UUID
    order_number: int
    buyer_id: UUID
    item_type: ItemType
    product_id: UUID | None
    chapter_id: UUID | None
    price_version_id: UUID | None
    price_id: UUID | None
    item_name: str
    product_type: str | None
    quantity: int
    final_amount: int
    currency: str
    discount_code_id: UUID | None
    status: Status
    goods: Goods
    fulfilment_state: Fulfilment | None
    fulfilment_note: str | None
    shipping_address: dict[str, Any] | None
    brief: str | None
    buyer_name: str | None
    delivered_at: datetime | None
    refunded_at: datetime | None
    refunded_by: UUID | None
    refund_reason: str | None
    restock_on_refund: bool
    items: list[Taken]

    @property
    def money(self) -> Money:
        return Money(self.final_amount, self.currency)

    @property
    def item_id(self) -> UUID:
        found = self.product_id or self.chapter_id
        assert found is not None, "a purchase of nothing"
        return found


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase that was begun: where to pay, or that it is paid because it was free.

    `payment` is as it was when this was said; `replayed` when the request's key had begun it before.
    """

    payment: Payment
    replayed: bool = False

    @property
    def purchase_id(self) -> UUID:
        return self.payment.subject_id

    @property
    def checkout_url(self) -> str | None:
        """Where the buyer pays; None when nothing is to be paid any more."""
        return self.payment.checkout_url if self.payment.closed_at is None else None
