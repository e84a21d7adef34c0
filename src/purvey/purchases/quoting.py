"""What something comes to for a buyer now, with the code when one was given that applies. It holds nothing."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import discounts
from purvey.access import Identity
from purvey.discounts import DiscountCode
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.pricing import Quote, least, quote
from purvey.purchases import rules, store
from purvey.purchases.model import ItemType, Order, Sought


class Summary(msgspec.Struct, frozen=True):
    """What an order comes to, before it goes out to be paid. `effect` says what else its code does, in words."""

    name: str
    price: Quote
    effect: str | None = None


async def summary(db: Queries, me: Identity, order: Order, *, now: datetime) -> Summary:
    """What an order comes to now, whatever its buyer saw; the first reason why it cannot be had."""
    order = msgspec.structs.replace(order, seen_total=None)
    if order.discount_code is not None:
        await discounts.limit_guesses(db, str(me.user_id), now=now)
    sought = await store.seek(db, order, buyer_id=me.user_id)
    if sought is None:
        raise NotFound("There is no such product, or no such price of it")
    if sought.open_id is None:
        rules.refuse_impossible(sought, order, email_verified=me.email_verified, now=now)
        rules.refuse_too_many_held(sought, order.quantity, email_verified=me.email_verified)
    else:  # what they hold themselves is in nobody's way
        rules.refuse_unsold(sought, now=now)
        rules.refuse_missing_details(sought, order)
    if order.discount_code is None:
        return Summary(sought.name, price_of(sought, order, None))
    code = await discounts.find(db, sought.site_id, order.discount_code)
    if sought.open_id is None:
        await priced(db, sought, order, buyer_id=me.user_id, now=now)
    price = price_of(sought, order, code)
    terms = msgspec.structs.replace(rules.terms_of(sought, order), discount=code.terms)
    return Summary(sought.name, price, discounts.effect(price, least(terms)))


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
    rules.refuse_quote(price, order)
    return used(code, price), price


def price_of(sought: Sought, order: Order, code: DiscountCode | None) -> Quote:
    terms = rules.terms_of(sought, order)
    price = quote(msgspec.structs.replace(terms, discount=code.terms if code else None))
    rules.refuse_quote(price, order)
    return price


def used(code: DiscountCode | None, price: Quote) -> DiscountCode | None:
    """The code of a sale; one that takes nothing off is not used up by it."""
    return code if price.discount_amount else None
