"""What something comes to for a buyer now, with the code when one was given that applies. It holds nothing."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import discounts
from purvey.discounts import DiscountCode
from purvey.kit.db import Queries
from purvey.pricing import Quote, quote
from purvey.purchases import rules
from purvey.purchases.model import ItemType, Order, Sought


async def priced(
    db: Queries, sought: Sought, order: Order, *, buyer_id: UUID, now: datetime
) -> tuple[DiscountCode | None, Quote]:
    """What it comes to, with the code when one was given that takes something off."""
    if order.discount_code is None:
        return None, price_of(sought, order, None)
    code, price = await discounts.redeemed(
        db,
        rules.terms_of(sought, order),
        site_id=sought.site_id,
        code=order.discount_code,
        product_id=sought.item_id if order.item_type is ItemType.PRODUCT else None,
        buyer_id=buyer_id,
        now=now,
    )
    rules.refuse_nothing(price)
    return used(code, price), price


def price_of(sought: Sought, order: Order, code: DiscountCode | None) -> Quote:
    terms = rules.terms_of(sought, order)
    price = quote(msgspec.structs.replace(terms, discount=code.terms if code else None))
    rules.refuse_nothing(price)
    return price


def used(code: DiscountCode | None, price: Quote) -> DiscountCode | None:
    """The code of a sale; one that takes nothing off is not used up by it."""
    return code if price.discount_amount else None
