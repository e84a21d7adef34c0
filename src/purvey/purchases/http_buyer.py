"""What a buyer does: buy, look, cancel."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from purvey.access import Identity
from purvey.access.guards import buyer
from purvey.catalog import ProductType
from purvey.kit.asgi import Scope
from purvey.kit.db import Database
from purvey.kit.errors import NotFound
from purvey.kit.fields import WITH_A_WORD
from purvey.kit.ids import Id
from purvey.kit.own_keys import own_key
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.payments import Gateways, Status
from purvey.purchases import actions, buying, reads
from purvey.purchases.model import Address, ItemType, Order, Started
from purvey.purchases.settling import FREE
from purvey.purchases.views import CheckoutView, PurchaseDetail, PurchaseView
from purvey.settings import Settings

MAX_QUANTITY = 1_000_000
MAX_AMOUNT = 10**15
OWN_KEY = {"idempotency": "own"}
OK, CREATED, ACCEPTED = 200, 201, 202

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Method = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
OfType = Annotated[ProductType | None, QueryParameter(name="productType")]


class BuyProduct(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """`amount` is for pay-what-you-want: what is paid in all, in minor units."""

    item_type: Literal["product"] = "product"
    product_id: Id
    price_id: Id | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)] = 1
    amount: Annotated[int, msgspec.Meta(ge=0, le=MAX_AMOUNT)] | None = None
    discount_code: Code | None = None
    payment_method_id: Method | None = None
    shipping_address: Address | None = None
    brief: Annotated[str, msgspec.Meta(min_length=1, max_length=5000, pattern=WITH_A_WORD)] | None = None
    buyer_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=WITH_A_WORD)] | None = None


class BuyChapter(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    discount_code: Code | None = None
    payment_method_id: Method | None = None


BOUGHT = {
    OK: ResponseSpec(PurchaseDetail, description="The key began this before, and its checkout is over: how it stands."),
    CREATED: ResponseSpec(PurchaseDetail, description="It was free, and is the buyer's already."),
    ACCEPTED: ResponseSpec(CheckoutView, description="Money must come: open the checkout in a browser."),
}


@post("/purchases", guards=[buyer], opt=OWN_KEY, responses=BOUGHT, status_code=ACCEPTED)
async def buy(
    *,
    request: Request[Any, Any, Any],
    data: JSONBody[BuyProduct],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[CheckoutView | PurchaseDetail]:
    """Buy a product: hold it, and say where to pay; or own it at once when it is free."""
    order = Order(
        item_type=ItemType.PRODUCT,
        item_id=data.product_id,
        price_id=data.price_id,
        quantity=data.quantity,
        amount=data.amount,
        discount_code=data.discount_code,
        payment_method_id=data.payment_method_id,
        shipping_address=data.shipping_address,
        brief=data.brief,
        buyer_name=data.buyer_name,
    )
    return await begun(request, order, me=me, db=db, gateways=gateways, settings=settings, now=now)


@post("/chapters/{chapter_id:uuid}/purchase", guards=[buyer], opt=OWN_KEY, responses=BOUGHT, status_code=ACCEPTED)
async def buy_chapter(
    *,
    request: Request[Any, Any, Any],
    chapter_id: FromPath[UUID],
    data: JSONBody[BuyChapter],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[CheckoutView | PurchaseDetail]:
    """Buy a chapter, in the same way."""
    order = Order(
        item_type=ItemType.CHAPTER,
        item_id=chapter_id,
        discount_code=data.discount_code,
        payment_method_id=data.payment_method_id,
    )
    return await begun(request, order, me=me, db=db, gateways=gateways, settings=settings, now=now)


async def begun(
    request: Request[Any, Any, Any],
    order: Order,
    *,
    me: Identity,
    db: Database,
    gateways: Gateways,
    settings: Settings,
    now: datetime,
) -> Response[CheckoutView | PurchaseDetail]:
    key = own_key(cast(Scope, request.scope), await request.body(), owner=f"user:{me.user_id}")
    started = await buying.buy(db, gateways, me, order, key=key, base_url=settings.base_url, now=now)
    return await answer(db, started, me)


async def answer(db: Database, started: Started, me: Identity) -> Response[CheckoutView | PurchaseDetail]:
    """The purchase as it is now: a retry is answered from its state."""
    headers = {"Idempotent-Replayed": "true"} if started.replayed else {}
    if started.checkout_url is None:
        status = CREATED if started.payment.provider == FREE else OK
        return Response(await found(db, started.purchase_id, me), status_code=status, headers=headers)
    view = CheckoutView(
        checkout_url=started.checkout_url,
        purchase_id=started.purchase_id,
        payment_id=started.payment.id,
        provider=started.payment.provider,
        final_amount=started.payment.amount,
        currency_code=started.payment.currency,
        expires_at=started.payment.expires_at,
    )
    return Response(view, status_code=ACCEPTED, headers=headers)


@get("/purchases", guards=[buyer])
async def list_purchases(
    *,
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    paging: Paging,
    status: FromQuery[Status | None] = None,
    product_type: OfType = None,
) -> Page[PurchaseView]:
    """The buyer's own purchases at every shop, newest first."""
    filters = (me.user_id, status, product_type)
    rows = await reads.mine(db, filters, paging)
    total = await total_of(paging, lambda: reads.count(db, reads.COUNT_MINE, filters))
    return page_of(rows, lambda row: row, asked=paging, order=reads.NEWEST, total=total)


@get("/purchases/{purchase_id:uuid}", guards=[buyer])
async def get_purchase(
    purchase_id: FromPath[UUID], me: NamedDependency[Identity], db: NamedDependency[Database]
) -> PurchaseDetail:
    """One of the buyer's purchases, with all that comes with it."""
    return await found(db, purchase_id, me)


@post("/purchases/{purchase_id:uuid}/cancel", guards=[buyer], opt=OWN_KEY, status_code=200)
async def cancel(
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> PurchaseDetail:
    """Do not buy it after all: the checkout is closed, what was held is free. Repeating it changes nothing."""
    await actions.cancel(db, gateways, purchase_id, buyer_id=me.user_id, now=now)
    return await found(db, purchase_id, me)


async def found(db: Database, purchase_id: UUID, me: Identity) -> PurchaseDetail:
    purchase = await reads.detail(db, purchase_id, buyer_id=me.user_id)
    if purchase is None:
        raise NotFound("There is no such purchase")
    return purchase


doors: list[Any] = [buy, buy_chapter, list_purchases, get_purchase, cancel]
