"""A site's shop: the shelf, and a product with its buy button (A28)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import catalog, entitlements, purchases, tenants
from purvey.access.guards import PUBLIC
from purvey.access.model import Identity
from purvey.catalog.model import Fulfilment, ProductType
from purvey.catalog.shop import NOT_TO_BE_HAD, ShopPrice, ShopProductDetail, Sort
from purvey.catalog.ways import Way
from purvey.kit import pages as lists
from purvey.kit.absolute import whole_of
from purvey.kit.caching import cacheable
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.web import display
from purvey.web.forms import Form
from purvey.web.rendering import page
from purvey.web.session import Page, anyone, world_of
from purvey.web.shop.machines import of_schema_org, wants_json
from purvey.web.shop.voices import STARS, voices

E = TypeVar("E", bound=StrEnum)
PER_PAGE = 24
FRESH_SECONDS = 10
MOST_PAGES = lists.DEPTH_MAX // PER_PAGE
SORTS = [
    (Sort.FEATURED, "Featured"),
    (Sort.NEWEST, "Newest"),
    (Sort.BEST_SELLING, "Best selling"),
    (Sort.PRICE, "Price, low to high"),
    (Sort.PRICE_DOWN, "Price, high to low"),
    (Sort.NAME, "Name"),
]


def one_of(kind: type[E], word: str) -> E | None:
    """The member of that name, or None: a page does not mind an old link."""
    return kind(word) if word in [*kind] else None


@get("/s/{site_slug:str}/shop", guards=[anyone], opt=PUBLIC)
async def shop(
    *,
    request: Page,
    site_slug: FromPath[str],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    q: FromQuery[str] = "",
    product_type: Annotated[str, QueryParameter(name="productType")] = "",
    sort: FromQuery[str] = "",
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[Any]:
    """The shelf: found by words, of a kind, in an order, page by page; what is to come soon among it."""
    site = await tenants.find_site_by_slug(db, site_slug)
    order, kind, words = one_of(Sort, sort) or Sort.FEATURED, one_of(ProductType, product_type), q.strip()[:100]
    products = await catalog.shop_page(
        db,
        site_slug,
        tills=await world_of(request).gateways.tills(db, site_slug),
        asked=lists.asked(min(max(number, 1), MOST_PAGES), PER_PAGE),
        now=now,
        sort=order,
        product_type=kind,
        q=words or None,
        upcoming=True,
    )
    if wants_json(request):
        return public_json(request, products)
    return page(
        request,
        "shop/shop.html",
        site=site,
        products=products,
        asked={"q": words, "product_type": kind or "", "sort": order},
        types=list(display.PRODUCT_TYPES.items()),
        sorts=SORTS,
    )


@get("/s/{site_slug:str}/shop/{product_slug:str}", guards=[anyone], opt=PUBLIC)
async def product(
    *,
    request: Page,
    site_slug: FromPath[str],
    product_slug: FromPath[str],
    db: NamedDependency[Database],
    visitor: NamedDependency[Identity | None],
    now: NamedDependency[datetime],
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[Any]:
    """A product, and the form that buys it."""
    if wants_json(request):
        tills = await world_of(request).gateways.tills(db, site_slug)
        return public_json(request, await catalog.shop_product(db, site_slug, product_slug, tills=tills, now=now))
    return await product_page(request, site_slug, product_slug, db=db, visitor=visitor, now=now, number=number)


async def product_page(
    request: Page,
    site_slug: str,
    product_slug: str,
    *,
    db: Database,
    visitor: Identity | None,
    now: datetime,
    refused: Refusal | None = None,
    form: Form | None = None,
    refused_at: str = "buy",
    number: int = 1,
) -> Response[str]:
    """The page of a product; after a refusal, the form of its part `refused_at` as it was filled in."""
    site = await tenants.find_site_by_slug(db, site_slug)
    tills = await world_of(request).gateways.tills(db, site_slug)
    found = await catalog.shop_product(db, site_slug, product_slug, tills=tills, now=now)
    by_hand = found.fulfilment is not Fulfilment.DOWNLOAD
    said = await voices(db, found.id, visitor=visitor, number=number)
    owned = visitor is not None and not by_hand and await entitlements.owns_product(db, visitor.user_id, found.id)
    begun = await purchases.open_order(db, found.id, buyer_id=visitor.user_id) if visitor else None
    return page(
        request,
        "shop/product.html",
        refused=refused,
        refused_at=refused_at,
        form=form,
        voices=said,
        star_choices=STARS,
        values={"quantity": 1, "amount": display.plain_amount(asked_first(found), found.currency_code)},
        site=site,
        product=found,
        schema_org=of_schema_org(found, site, said.stats, base_url=world_of(request).settings.base_url),
        owned=owned,
        begun=begun,
        buyable=NOT_TO_BE_HAD.isdisjoint(found.badges),
        one_time=[price for price in found.prices if price.recurring is None],
        prices=[(price.id, price_words(price)) for price in found.prices if is_for_people(price.ways_to_pay)],
        for_people=is_for_people(found.ways_to_pay),
        by_wallet=next((price for price in found.prices if Way.X402 in price.ways_to_pay), None),
        base_url=world_of(request).settings.base_url,
        amount_hint=amount_hint(found),
        takes_quantity=by_hand,
        pictures=pictures_of(found),
        clips=[media.url for media in found.media if media.mime_type == "video/mp4"],
        videos=[link for media in found.media if (link := display.web_link(media.external_url))],
    )


def is_for_people(ways: list[Way]) -> bool:
    """Whether a person can have it by this page's button."""
    return Way.CHECKOUT in ways or Way.FREE in ways


def asked_first(product: ShopProductDetail) -> int | None:
    """What the form suggests to pay; nothing where nothing else can be taken."""
    return product.suggestion if Way.CHECKOUT in product.ways_to_pay else product.suggestion and 0


def public_json(request: Page, value: Any) -> Response[Any]:
    """A page as a program reads it: what the shop's own doors under /v1 answer."""
    return cacheable(
        request, whole_of(value, world_of(request).settings.base_url), seconds=FRESH_SECONDS, vary="Accept"
    )


def price_words(price: ShopPrice) -> str:
    """A price in a list of them: what it is called is its SKU."""
    pack = price.quantity_transform
    words = f"{price.sku}: {display.price(price.amount_with_tax, price.currency_code)}"
    return f"{words} for {pack.divide_by}" if pack else words


def amount_hint(product: ShopProductDetail) -> str:
    least = product.minimum_amount
    words = f"At least {display.money(least, product.currency_code)}." if least else "Nothing is fine, too."
    return f"Suggested: {display.money(product.price, product.currency_code)}. {words}"


class Picture(msgspec.Struct, frozen=True):
    """A picture of a product: a small one to look at here, and a large one behind it."""

    small: str
    large: str


def pictures_of(product: ShopProductDetail) -> list[Picture]:
    """The pictures beside the cover."""
    found = []
    for media in product.media:
        urls = [each["url"] for each in sorted(media.renditions, key=lambda each: int(each["width"]))]
        if urls:
            found.append(Picture(urls[0], urls[-1]))
    return found


pages = [shop, product]
