"""What a creator sends, in the second source's words, and the catalog's own form of the same."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from purvey.agents.amounts import Usdc
from purvey.catalog import Category, CreateProduct, KeptProduct, UpdateProduct
from purvey.catalog.forms import ChangedPrice, LongText, Message, Name, Quantity, Url
from purvey.kit.errors import Invalid
from purvey.kit.fields import WITHOUT_NUL, Slug, Time
from purvey.kit.ids import Id
from purvey.kit.money import USDC
from purvey.kit.times import read_time
from purvey.kit.versions import Version

ISO_MAX = 40
Iso = Annotated[
    str, Meta(max_length=ISO_MAX, description="ISO 8601, from 1970 to 9000; a date alone or without a zone is in UTC")
]
Description = Annotated[str, Meta(max_length=2_000, pattern=WITHOUT_NUL)]


class NewProduct(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A new product. A date or a quantity that is sent counts unless `is_scheduled` or `is_limited_quantity` is false.

    `site` is the word of the site it is sold on, for who has several. `minimum_amount` is for pay what you want.
    """

    name: Name
    price: Usdc
    description: Description | None = None
    category: Category | None = None
    is_active: bool | UnsetType = UNSET
    is_pay_what_you_want: bool = False
    minimum_amount: Usdc | None = None
    thank_you_message: Message | None = None
    redirect_url: Url | None = None
    use_redirect_url: bool = False
    license_enabled: bool = False
    license_text: LongText | None = None
    is_scheduled: bool | None = None
    scheduled_at: Iso | None = None
    sale_ends_at: Iso | None = None
    is_limited_quantity: bool | None = None
    max_quantity: Quantity | None = None
    site: Slug | None = None


class ChangedProduct(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What shall change: a missing field stays, null clears. A whole product as it was read may be sent back."""

    name: Name | UnsetType = UNSET
    price: Usdc | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    category: Category | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    is_pay_what_you_want: bool | UnsetType = UNSET
    minimum_amount: Usdc | UnsetType = UNSET
    thank_you_message: Message | UnsetType | None = UNSET
    redirect_url: Url | UnsetType | None = UNSET
    use_redirect_url: bool | UnsetType = UNSET
    license_enabled: bool | UnsetType = UNSET
    license_text: LongText | UnsetType | None = UNSET
    is_scheduled: bool | UnsetType = UNSET
    scheduled_at: Iso | UnsetType | None = UNSET
    sale_ends_at: Iso | UnsetType | None = UNSET
    is_limited_quantity: bool | UnsetType = UNSET
    max_quantity: Quantity | UnsetType | None = UNSET
    version: Version | UnsetType = UNSET

    id: Id | UnsetType = UNSET
    currency: Any = UNSET
    price_with_tax: Any = UNSET
    tax_percentage: Any = UNSET
    ways_to_pay: Any = UNSET
    image_url: Any = UNSET
    creator: Any = UNSET
    has_downloadable_file: Any = UNSET
    url: Any = UNSET
    site: Any = UNSET
    suspended_at: Time | UnsetType | None = UNSET
    suspended_reason: Any = UNSET
    created_at: Time | UnsetType = UNSET

    is_complete: Any = UNSET
    remaining: Any = UNSET
    sold_count: Any = UNSET
    updated_at: Any = UNSET


READ_ONLY = (
    "id",
    "currency",
    "price_with_tax",
    "tax_percentage",
    "ways_to_pay",
    "image_url",
    "creator",
    "has_downloadable_file",
    "url",
    "site",
    "suspended_at",
    "suspended_reason",
    "created_at",
)

ALIKE = (
    "name",
    "description",
    "category",
    "is_active",
    "is_pay_what_you_want",
    "thank_you_message",
    "redirect_url",
    "use_redirect_url",
    "license_enabled",
    "license_text",
)


def created(form: NewProduct) -> CreateProduct:
    """The form as the catalog takes it, priced in USDC."""
    starts = scheduled(form.is_scheduled, moment(form.scheduled_at, "/scheduled_at"))
    return CreateProduct(
        **{name: getattr(form, name) for name in ALIKE},
        price=form.price.minor,
        minimum_amount=form.minimum_amount.minor if form.minimum_amount else 0,
        currency_code=USDC,
        available_from=starts,
        available_until=moment(form.sale_ends_at, "/sale_ends_at"),
        is_limited=form.max_quantity is not None if form.is_limited_quantity is None else form.is_limited_quantity,
        total_quantity=form.max_quantity,
    )


def changed(form: ChangedProduct, product: KeptProduct) -> UpdateProduct:
    """The same of what shall change. The price that changes is the product's one in USDC."""
    wanted: dict[str, Any] = {name: getattr(form, name) for name in (*ALIKE, "version")}
    wanted["available_until"] = kept(form.sale_ends_at, "/sale_ends_at")
    wanted["available_from"] = rescheduled(form, product.available_from)
    wanted["total_quantity"] = form.max_quantity
    wanted["is_limited"] = form.is_limited_quantity
    if form.is_limited_quantity is UNSET and form.max_quantity is not UNSET:
        wanted["is_limited"] = form.max_quantity is not None
    if form.minimum_amount is not UNSET:
        wanted["minimum_amount"] = form.minimum_amount.minor
    if form.price is not UNSET:
        wanted |= repriced(form.price.minor, product)
    return UpdateProduct(**wanted)


def repriced(price: int, product: KeptProduct) -> dict[str, Any]:
    if product.is_default_price:
        return {"price": price}
    return {"prices": [ChangedPrice(id=str(product.price_id), amount=price)]}


def moment(text: str | None, pointer: str) -> datetime | None:
    return None if text is None else read_time(text, pointer=pointer)


def kept(text: str | UnsetType | None, pointer: str) -> datetime | UnsetType | None:
    return UNSET if text is UNSET else moment(text, pointer)


def scheduled(wanted: bool | None, at: datetime | None) -> datetime | None:
    """When a product is released: at the date that was sent, unless it is said not to be scheduled."""
    if wanted and at is None:
        raise Invalid.field("/scheduled_at", "A scheduled product needs scheduled_at", code="missing")
    return None if wanted is False else at


def rescheduled(form: ChangedProduct, before: datetime | None) -> datetime | UnsetType | None:
    sent = kept(form.scheduled_at, "/scheduled_at")
    if form.is_scheduled is UNSET:
        return sent
    at = before if sent is UNSET else sent
    return scheduled(form.is_scheduled, at)
