"""Whatever decides what a product costs is for holders of EditProductPrice; a draft of anybody else waits for them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from purvey.access import Identity, Permission
from purvey.catalog.forms import CreateProduct
from purvey.catalog.model import Product, Terms

FREE_DRAFT: Mapping[str, Any] = {
    "/isActive": False,
    "/isPayWhatYouWant": False,
    "/minimumAmount": 0,
    "/isSystem": False,
    "/memberIds": [],
}


def costs_of(product: Product, members: Sequence[UUID]) -> dict[str, Any]:
    """What decides the cost besides its prices, by the fields that say it. `isActive`: whether it ever was."""
    return {
        "/isActive": product.is_active or product.first_active_at is not None,
        "/isPayWhatYouWant": product.is_pay_what_you_want,
        "/minimumAmount": product.minimum_amount,
        "/isSystem": product.is_system,
        "/memberIds": list(members),
    }


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields that would decide the cost anew."""
    return [pointer for pointer, value in after.items() if value != before[pointer]]


def is_priced(terms: Terms) -> bool:
    """Whether these terms say more than that nothing is decided yet."""
    return terms != Terms(amount=0, currency=terms.currency)


def with_defaults(me: Identity, form: CreateProduct) -> CreateProduct:
    """What a new product's form leaves open: on sale at once, or a free draft of who may not say what it costs."""
    may = Permission.EDIT_PRODUCT_PRICE in me.permissions
    unpriced = form.price is None and not form.prices and form.compare_price is None
    return msgspec.structs.replace(
        form,
        is_active=may if form.is_active is UNSET else form.is_active,
        price=0 if unpriced and not may else form.price,
    )
