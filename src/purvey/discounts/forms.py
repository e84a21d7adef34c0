"""What a seller sends, and what is shown of a code."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from purvey.discounts import rules
from purvey.discounts.model import DiscountCode, DiscountType, Duration
from purvey.kit.errors import Invalid
from purvey.kit.fields import INT4_MAX, TO_THE_END, WITH_A_WORD, CurrencyCode, PositiveAmount, Time, in_utc
from purvey.kit.ids import Id, new_id
from purvey.kit.money import MAX_MINOR
from purvey.kit.versions import Version
from purvey.tenants import Site

CODE = r"^[A-Za-z0-9._-]+" + TO_THE_END
CODE_MAX = 64
MAX_PRODUCTS = 500
MAX_USES = 10**12
MAX_PERIODS = 1_000

Word = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=CODE_MAX,
        pattern=CODE,
        description="Letters a to z, digits, dots, hyphens and underscores; case means nothing",
    ),
]
TypedCode = Annotated[str, Meta(min_length=1, max_length=CODE_MAX, pattern=WITH_A_WORD)]
Value = Annotated[
    float, Meta(gt=0, le=MAX_MINOR, description="20 is 20 %, with up to two decimals; a fixed amount is in minor units")
]
Uses = Annotated[int, Meta(ge=1, le=MAX_USES)]
UsesPerBuyer = Annotated[int, Meta(ge=1, le=INT4_MAX)]
Products = Annotated[
    list[Id], Meta(min_length=1, max_length=MAX_PRODUCTS, description="What it is for; null: everything on the site")
]
Periods = Annotated[int, Meta(ge=1, le=MAX_PERIODS)]


class CreateDiscountCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A new code. An amount without a currency is in the site's."""

    code: Word
    discount_type: DiscountType
    value: Value
    currency_code: CurrencyCode | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None
    max_uses: Uses | None = None
    max_uses_per_buyer: UsesPerBuyer | None = None
    product_ids: Products | None = None
    minimum_amount: PositiveAmount | None = None
    is_active: bool = True
    duration: Duration = Duration.ONCE
    duration_periods: Periods | None = None


class UpdateDiscountCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What shall change: a missing field stays, null clears. A whole code as it was read may be sent back."""

    version: Version | UnsetType = UNSET
    code: Word | UnsetType = UNSET
    discount_type: DiscountType | UnsetType = UNSET
    value: Value | UnsetType = UNSET
    currency_code: CurrencyCode | UnsetType | None = UNSET
    starts_at: Time | UnsetType | None = UNSET
    ends_at: Time | UnsetType | None = UNSET
    max_uses: Uses | UnsetType | None = UNSET
    max_uses_per_buyer: UsesPerBuyer | UnsetType | None = UNSET
    product_ids: Products | UnsetType | None = UNSET
    minimum_amount: PositiveAmount | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    duration: Duration | UnsetType = UNSET
    duration_periods: Periods | UnsetType | None = UNSET

    id: Id | UnsetType = UNSET
    site_id: Id | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET

    updated_at: Any = UNSET
    used_count: Any = UNSET
    reserved_count: Any = UNSET


class DiscountCodeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A code as its seller sees it. `reservedCount` are uses of purchases that are not paid yet."""

    id: UUID
    site_id: UUID
    code: str
    discount_type: DiscountType
    value: float
    currency_code: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    max_uses: int | None
    max_uses_per_buyer: int | None
    product_ids: list[UUID] | None
    minimum_amount: int | None
    is_active: bool
    duration: Duration
    duration_periods: int | None
    used_count: int
    reserved_count: int
    version: int
    created_at: datetime
    updated_at: datetime


READ_ONLY = ("id", "site_id", "created_at")
TIMES = ("starts_at", "ends_at")
PLAIN = (
    "max_uses",
    "max_uses_per_buyer",
    "product_ids",
    "minimum_amount",
    "is_active",
    "duration",
    "duration_periods",
)


def new_code(form: CreateDiscountCode, *, site: Site, now: datetime) -> DiscountCode:
    """The code that a seller asks for."""
    basis_points, amount = rules.worth(form.discount_type, form.value)
    needs_currency = amount is not None or form.minimum_amount is not None
    return DiscountCode(
        id=new_id(),
        tenant_id=site.tenant_id,
        site_id=site.id,
        code=rules.canonical(form.code),
        discount_type=form.discount_type,
        basis_points=basis_points,
        amount=amount,
        currency=form.currency_code or (site.currency if needs_currency else None),
        created_at=now,
        updated_at=now,
        **{name: getattr(form, name) for name in PLAIN},
        starts_at=in_utc(form.starts_at),
        ends_at=in_utc(form.ends_at),
    )


def changes_of(form: UpdateDiscountCode, *, before: DiscountCode) -> dict[str, object]:
    """The fields of the code that a seller changes, by their names in the model."""
    values = {name: getattr(form, name) for name in PLAIN if getattr(form, name) is not UNSET}
    values |= {name: in_utc(getattr(form, name)) for name in TIMES if getattr(form, name) is not UNSET}
    if form.code is not UNSET:
        values["code"] = rules.canonical(form.code)
    if form.currency_code is not UNSET:
        values["currency"] = form.currency_code
    kind = before.discount_type if form.discount_type is UNSET else form.discount_type
    if form.value is UNSET and kind is not before.discount_type:
        raise Invalid.field("/value", "Another discountType needs its value")
    if form.value is not UNSET:
        values["discount_type"] = kind
        values["basis_points"], values["amount"] = rules.worth(kind, form.value)
    return values


def view(code: DiscountCode) -> DiscountCodeView:
    return DiscountCodeView(
        id=code.id,
        site_id=code.site_id,
        code=code.code,
        discount_type=code.discount_type,
        value=rules.value_of(code),
        currency_code=code.currency,
        used_count=code.used,
        reserved_count=code.reserved,
        version=code.version,
        created_at=code.created_at,
        updated_at=code.updated_at,
        **{name: getattr(code, name) for name in PLAIN + TIMES},
    )
