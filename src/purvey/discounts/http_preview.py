"""The public door that tries a code."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType

from purvey import discounts
from purvey.access import Identity, network_of
from purvey.access.guards import optional, visit_of
from purvey.discounts import rules
from purvey.discounts.forms import TypedCode
from purvey.discounts.model import DiscountType, Reason
from purvey.discounts.preview import Preview
from purvey.kit.db import Database
from purvey.kit.fields import Amount
from purvey.kit.ids import Id
from purvey.pricing import MAX_QUANTITY

Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]


class ValidateDiscount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A code as a buyer typed it, and what they would buy; `amount` is their choice in pay-what-you-want."""

    code: TypedCode
    product_id: Id
    price_id: Id | None = None
    quantity: Quantity = 1
    amount: Amount | None = None


class DiscountVerdict(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether the code applies, and the price with it, in minor units; or why it does not.

    `finalAmount` is what is paid, tax and all. Where one pays what one wants, the code lowers the least that can be
    paid to `minimumAmount`, and `message` says so; a code that takes nothing off is not used up.
    """

    valid: bool
    code: str
    reason: Reason | UnsetType = UNSET
    message: str | UnsetType = UNSET
    discount_type: DiscountType | UnsetType = UNSET
    value: float | UnsetType = UNSET
    original_price: int | UnsetType = UNSET
    discounted_price: int | UnsetType = UNSET
    discount_amount: int | UnsetType = UNSET
    tax_amount: int | UnsetType = UNSET
    final_amount: int | UnsetType = UNSET
    minimum_amount: int | UnsetType = UNSET
    currency_code: str | UnsetType = UNSET


@post("/discounts/validate", guards=[optional], status_code=200)
async def validate_discount(
    request: Request[Any, Any, Any],
    data: JSONBody[ValidateDiscount],
    visitor: NamedDependency[Identity | None],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> DiscountVerdict:
    """Try a code on a product before buying it. It holds nothing."""
    asker = str(visitor.user_id) if visitor else network_of(visit_of(request).address)
    await discounts.limit_guesses(db, asker, now=now)
    tried = await discounts.preview(
        db,
        code=data.code,
        product_id=data.product_id,
        price_id=data.price_id,
        quantity=data.quantity,
        amount=data.amount,
        buyer_id=visitor.user_id if visitor else None,
        now=now,
    )
    return verdict(tried, typed=rules.canonical(data.code))


def verdict(tried: Preview, *, typed: str) -> DiscountVerdict:
    if tried.code is None:
        assert tried.reason is not None and tried.message is not None
        return DiscountVerdict(valid=False, code=typed, reason=tried.reason, message=tried.message)
    price = tried.price
    return DiscountVerdict(
        valid=True,
        code=tried.code.code,
        message=tried.message or UNSET,
        discount_type=tried.code.discount_type,
        value=rules.value_of(tried.code),
        original_price=price.amount.minor,
        discounted_price=(price.amount - price.discount_amount).minor,
        discount_amount=price.discount_amount.minor,
        tax_amount=price.tax_amount.minor,
        final_amount=price.final_amount.minor,
        minimum_amount=UNSET if tried.least is None else tried.least.minor,
        currency_code=price.amount.currency,
    )


doors: list[Any] = [validate_discount]
