"""The buy button: from a product's form to the page where it is paid (A28, A12)."""

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from purvey import catalog
from purvey.access import Identity
from purvey.catalog import Fulfilment, ShopProductDetail
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.payments import Gateways
from purvey.purchases import BuyProduct, ItemType, Order, Started
from purvey.settings import Settings
from purvey.web.forms import TEXT_BYTES, Form, body, posted
from purvey.web.rendering import go
from purvey.web.session import Page, page_signed_in
from purvey.web.shop.shop import product_page
from purvey.web.shop.summary import begun_or_shown

ADDRESS = ("name", "line1", "line2", "city", "region", "postalCode", "countryCode")


@post("/s/{site_slug:str}/shop/{product_slug:str}/buy", guards=[page_signed_in], request_max_body_size=TEXT_BYTES)
async def buy(
    *,
    request: Page,
    site_slug: FromPath[str],
    product_slug: FromPath[str],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    settings: NamedDependency[Settings],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Show what it comes to, or hold it, and on to the payment; what is free is theirs at once."""
    form = await posted(request)
    tills = await gateways.tills(db, site_slug)
    product = await catalog.shop_product(db, site_slug, product_slug, tills=tills, now=now)
    try:
        order = order_of(form, product)
        begun = await begun_or_shown(
            request, order, form, site_slug=site_slug, back=f"/s/{site_slug}/shop/{product_slug}",
            db=db, gateways=gateways, settings=settings, me=me, now=now,
        )  # fmt: skip
    except Refusal as no:
        return await product_page(request, site_slug, product_slug, db=db, visitor=me, now=now, refused=no, form=form)
    return onward(begun) if isinstance(begun, Started) else begun


def onward(started: Started) -> Redirect:
    """To the bank, or to the purchase when nothing is to pay."""
    if started.checkout_url is None:
        return go(f"/purchases/{started.purchase_id}", done="yours")
    return Redirect(started.checkout_url, status_code=303, headers={"Cache-Control": "no-store"})


def order_of(form: Form, product: ShopProductDetail) -> Order:
    """What the form asks for; Invalid names the field that does not fit."""
    wish = body(BuyProduct, {
        "productId": str(product.id),
        "priceId": form.maybe("priceId"),
        "quantity": form.whole("quantity") or 1,
        "amount": form.minor("amount", currency_of(form, product)) if product.is_pay_what_you_want else None,
        "discountCode": form.maybe("discountCode"),
        "shippingAddress": address_of(form) if product.fulfilment is Fulfilment.SHIPPING else None,
        "brief": form.raw("brief").strip() or None,
    })  # fmt: skip
    return Order(
        item_type=ItemType.PRODUCT,
        item_id=product.id,
        price_id=wish.price_id,
        quantity=wish.quantity,
        amount=wish.amount,
        discount_code=wish.discount_code,
        shipping_address=wish.shipping_address,
        brief=wish.brief,
    )


def currency_of(form: Form, product: ShopProductDetail) -> str:
    """The currency of the price that was chosen, in which what one wants to pay is typed."""
    chosen = form.maybe("priceId")
    return next((price.currency_code for price in product.prices if str(price.id) == chosen), product.currency_code)


def address_of(form: Form) -> dict[str, str]:
    typed = {name: form.text(f"shippingAddress/{name}") for name in ADDRESS}
    typed["countryCode"] = typed["countryCode"].upper()
    return {name: value for name, value in typed.items() if value}


pages = [buy]
