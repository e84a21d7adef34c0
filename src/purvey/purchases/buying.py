"""Buying, from the wish to the checkout: one transaction that holds the goods, then the gateway, then its address.

Whoever dies between two steps loses nothing: the request's key, or the sweep, goes on from what is written.
"""

from datetime import datetime
from uuid import UUID

import asyncpg

from purvey import catalog, discounts, payments
from purvey.access import Identity
from purvey.catalog import SharedGoods
from purvey.kit import own_keys
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.events import publish
from purvey.kit.failpoints import reach
from purvey.kit.ids import new_id
from purvey.kit.own_keys import OwnKey
from purvey.payments import (
    ForeignPaymentMethod,
    Gateways,
    Payment,
    Standing,
    State,
)
from purvey.pricing import Quote
from purvey.purchases import rules, store
from purvey.purchases.checkouts import SUBJECT, close_checkout, open_checkout
from purvey.purchases.events import PurchaseBegun
from purvey.purchases.model import ItemType, Order, Sought, Started
from purvey.purchases.quoting import price_of, priced, used
from purvey.purchases.settling import FREE, settle

TRIES = 4
OPEN_BY_ITEM = {"purchases_one_open_product", "purchases_one_open_chapter"}


class InTheWay(Exception):
    """The buyer has an open checkout of this thing, on other terms: it is closed first."""

    def __init__(self, purchase_id: UUID) -> None:
        super().__init__(str(purchase_id))
        self.purchase_id = purchase_id


class Meanwhile(Exception):
    """What is in the bundle changed between locking and looking: look again."""


async def buy(
    db: Database,
    gateways: Gateways,
    me: Identity,
    order: Order,
    *,
    key: OwnKey | None,
    base_url: str,
    now: datetime,
) -> Started:
    """Hold the goods, and say where to pay; or sell at once what costs nothing.

    The same order again, or the same key, gives the same purchase. Raises the refusals of `rules`,
    SoldOut, InvalidDiscount, Invalid, and GatewayDown when the gateway does not answer (asking again is safe).
    """
    if order.discount_code is not None:
        await discounts.limit_guesses(db, str(me.user_id), now=now)
    if order.payment_method_id is not None:
        await refuse_foreign_method(db, gateways, me, order)
    started = await held(db, gateways, me, order, key=key, now=now)
    if started.payment.checkout_url is None and started.payment.closed_at is None:
        return await opened(db, gateways, started, key=key, base_url=base_url, now=now)
    return started


async def refuse_foreign_method(db: Database, gateways: Gateways, me: Identity, order: Order) -> None:
    """A saved way to pay must be the buyer's own; ForeignPaymentMethod does not say whose it is."""
    sought = await store.seek(db, order, buyer_id=me.user_id)
    if sought is None or order.payment_method_id is None:
        return
    gateway = await gateways.for_sale(db, sought.tenant_id, sought.currency)
    method = order.payment_method_id
    if not await gateway.owns_method(tenant_id=sought.tenant_id, payer_id=me.user_id, method=method):
        raise ForeignPaymentMethod("This way to pay is not one of yours; leave it out to choose at the checkout")


async def held(
    db: Database, gateways: Gateways, me: Identity, order: Order, *, key: OwnKey | None, now: datetime
) -> Started:
    """The first transaction, begun anew when something changed under it."""
    for tries_left in reversed(range(TRIES)):
        try:
            async with db.transaction() as tx:
                started = await hold(tx, gateways, me, order, key=key, now=now)
                reach("purchase.reserved")
        except InTheWay as other:
            if not tries_left:
                break  # whoever closes another's checkout must still be able to open their own
            await close_checkout(db, gateways, other.purchase_id, actor=f"buyer:{me.user_id}", now=now)
        except Meanwhile:
            continue
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name not in OPEN_BY_ITEM:
                raise
        else:
            reach("purchase.begun")
            return started
    raise Conflict("You are buying this in several places at once; try again", code="busy", retry_after_seconds=1)


async def hold(tx: Tx, gateways: Gateways, me: Identity, order: Order, *, key: OwnKey | None, now: datetime) -> Started:
    """Ask every rule, then write the purchase and its payment, and take what they need."""
    purchase_id = new_id()
    made_before = await own_keys.claim(tx, key, subject_id=purchase_id, now=now)
    if made_before is not None:
        return await again(tx, made_before, now=now)
    goods, sought = await seek_alone(tx, order, buyer_id=me.user_id)
    if sought.open_id is not None:
        return await the_open_one(tx, sought, order, key=key, now=now)
    rules.refuse_impossible(sought, order, email_verified=me.email_verified, now=now)
    rules.refuse_too_many(sought.open_count)
    rules.refuse_too_many_held(sought, order.quantity, email_verified=me.email_verified)
    code, price = await priced(tx, sought, order, buyer_id=me.user_id, now=now)
    reach("purchase.resolved")
    gateway = await gateways.for_sale(tx, sought.tenant_id, sought.currency) if price.final_amount else None
    expires_at = now
    if gateway:
        expires_at = rules.hold_of(now=now, shortest=gateway.shortest_hold, longest=gateway.longest_hold)
    payment = await write(
        goods, order, sought, purchase_id=purchase_id, buyer_id=me.user_id, code_id=code.id if code else None,
        price=price, provider=gateway.name if gateway else FREE, account=gateway.account if gateway else None,
        expires_at=expires_at, now=now,
    )  # fmt: skip
    return Started(payment=payment if price.final_amount else await paid_with_nothing(tx, payment, now=now))


NONE_LIKE = {
    ItemType.PRODUCT: "There is no such product, or no such price of it",
    ItemType.CHAPTER: "There is no such chapter",
}


async def seek_alone(tx: Tx, order: Order, *, buyer_id: UUID) -> tuple[SharedGoods, Sought]:
    """What is on offer, while nobody makes it limited and this buyer begins nothing else. NotFound, Meanwhile."""
    goods = await store.lock_to_buy(tx, order.item_id, buyer_id=buyer_id)
    sought = await store.seek(tx, order, buyer_id=buyer_id)
    if sought is None:
        raise NotFound(NONE_LIKE[order.item_type])
    if not goods.product_ids.issuperset(sought.member_ids):
        raise Meanwhile
    return goods, sought


async def again(tx: Tx, purchase_id: UUID, *, now: datetime) -> Started:
    """What the first request with this key began, as it stands; InTheWay when its checkout is no good any more."""
    purchase = await store.find(tx, purchase_id)
    payment = await payments.of_subject(tx, SUBJECT, purchase_id)
    assert purchase is not None and payment is not None, "a key points to nothing"
    if payment.closed_at is None and is_over(payment, await store.seek_again(tx, purchase), now=now):
        raise InTheWay(purchase_id)
    return Started(payment=payment, replayed=True)


def is_over(payment: Payment, sought: Sought, *, now: datetime) -> bool:
    """Whether a checkout must not be paid any more, by its time or by the rules of a new one."""
    return payment.expires_at <= now or rules.is_unsold(sought, now=now)


async def the_open_one(tx: Tx, sought: Sought, order: Order, *, key: OwnKey | None, now: datetime) -> Started:
    """The buyer's open checkout, when it is for just this; InTheWay when it is for other terms, or over."""
    assert sought.open_id is not None
    purchase = await store.find(tx, sought.open_id)
    payment = await payments.of_subject(tx, SUBJECT, sought.open_id)
    assert purchase is not None and payment is not None
    rules.refuse_while_settling(payment)
    code = await discounts.find(tx, sought.site_id, order.discount_code) if order.discount_code else None
    price = price_of(sought, order, code)
    code, final = used(code, price), price.final_amount.minor
    same = rules.same_terms(purchase, sought, order, final_amount=final, discount_code_id=code.id if code else None)
    if not same or payment.closed_at is not None or is_over(payment, sought, now=now):
        raise InTheWay(purchase.id)
    await own_keys.point(tx, key, purchase.id)
    return Started(payment=payment)


async def write(
    goods: SharedGoods,
    order: Order,
    sought: Sought,
    *,
    purchase_id: UUID,
    buyer_id: UUID,
    code_id: UUID | None,
    price: Quote,
    provider: str,
    expires_at: datetime,
    account: str | None = None,
    code_valid_at: datetime | None = None,
    now: datetime,
) -> Payment:
    """The purchase, its payment, the goods and the use of the code: all of it or nothing.

    `code_valid_at`: when the code was asked about, if a quote keeps it beyond its own end.
    """
    tx, money = goods.tx, price.final_amount
    items = sought.taken(order.quantity)
    await store.insert(
        goods,
        purchase_id,
        customer_id=new_id(),
        sought=sought,
        order=order,
        buyer_id=buyer_id,
        quote=price,
        discount_code_id=code_id,
        items=items,
        now=now,
    )
    payment = await payments.begin(
        tx,
        id=new_id(),
        tenant_id=sought.tenant_id,
        subject_type=SUBJECT,
        subject_id=purchase_id,
        payer_id=buyer_id,
        provider=provider,
        money=money,
        expires_at=expires_at,
        account=account,
        now=now,
    )
    reach("purchase.inserted")
    if sought.shelves:
        await catalog.reserve(goods, items)
    if code_id is not None:
        await discounts.reserve(
            tx, code_id, purchase_id=purchase_id, buyer_id=buyer_id, amount=price.discount_amount,
            now=code_valid_at or now,
        )  # fmt: skip
    publish(
        tx,
        PurchaseBegun(
            subject_id=purchase_id,
            tenant_id=sought.tenant_id,
            at=now,
            site_id=sought.site_id,
            buyer_id=buyer_id,
            product_id=sought.item_id if order.item_type is ItemType.PRODUCT else None,
            chapter_id=None if order.item_type is ItemType.PRODUCT else sought.item_id,
            payment_id=payment.id,
        ),
    )
    return payment


async def paid_with_nothing(tx: Tx, payment: Payment, *, now: datetime) -> Payment:
    """What costs nothing is paid at once."""
    nothing = Standing(state=State.PAID, paid=payment.money)
    return (await settle(tx, payment.id, nothing, actor="purvey", now=now)).after


async def opened(
    db: Database, gateways: Gateways, started: Started, *, key: OwnKey | None, base_url: str, now: datetime
) -> Started:
    """Ask the gateway for a checkout and keep its address. A retry takes over what an earlier request left."""
    if started.replayed:
        await own_keys.take_lease(db, key, now=now)
    try:
        payment = await open_checkout(db, gateways, started.payment, base_url=base_url, now=now)
    finally:
        await own_keys.give_back(db, key)
    return Started(payment=payment, replayed=started.replayed)
