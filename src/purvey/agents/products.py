"""Products as everybody may read them before buying (B1, B2): what comes after the purchase is never here."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import catalog
from purvey.access.guards import PUBLIC
from purvey.agents.amounts import Shown, shown
from purvey.catalog import SEARCH_MAX, Category, MarketProduct, Way
from purvey.kit.absolute import whole
from purvey.kit.caching import NOT_MODIFIED, cacheable
from purvey.kit.money import USDC
from purvey.kit.pages import CURSOR_MAX, PER_PAGE, PER_PAGE_MAX, Asked, page_of
from purvey.payments import Gateways
from purvey.world import World

FRESH_SECONDS = 10
POINTS_A_PERCENT = 100
Asking = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=PER_PAGE_MAX, description="How many at most.")]
Username = Annotated[str | None, QueryParameter(max_length=100, description="Of this creator alone.")]
Words = Annotated[str | None, QueryParameter(max_length=SEARCH_MAX, description="Words, or how they begin.")]
Cursor = Annotated[str | None, QueryParameter(max_length=CURSOR_MAX, description="`next_cursor` of the page before.")]


class CreatorView(msgspec.Struct, kw_only=True):
    id: UUID
    username: str
    display_name: str
    avatar_url: str | None


class PublicProduct(msgspec.Struct, kw_only=True):
    """A product before it is bought. `price` is the suggestion where one pays what one wants; `price_with_tax` is paid.

    `ways_to_pay`: `x402` by a wallet, `checkout` by a person at a page, `free`; none while nobody can pay it here.
    `remaining` is null where there is no limit; `url` is the product's page for people. A bundle that is not
    `is_complete` cannot be bought: something in it is not on sale. Its dates and its rest are those of its parts, too.
    """

    id: UUID
    name: str
    description: str | None
    price: Shown
    price_with_tax: Shown
    tax_percentage: float
    currency: str
    is_pay_what_you_want: bool
    minimum_amount: Shown
    category: Category
    image_url: str | None
    creator: CreatorView
    is_scheduled: bool
    scheduled_at: datetime | None
    sale_ends_at: datetime | None
    is_limited_quantity: bool
    max_quantity: int | None
    remaining: int | None
    is_complete: bool
    has_downloadable_file: bool
    ways_to_pay: list[Way]
    url: str
    created_at: datetime
    updated_at: datetime


class PublicList(msgspec.Struct, kw_only=True):
    """What is on sale, the newest first; `next_cursor` is null at the end."""

    success: bool
    data: list[PublicProduct]
    next_cursor: str | None


class PublicDetail(msgspec.Struct, kw_only=True):
    success: bool
    data: PublicProduct


@get("/products/public", opt=PUBLIC, responses=NOT_MODIFIED)
async def list_public(
    *,
    request: Asking,
    limit: Limit = PER_PAGE,
    username: Username = None,
    category: FromQuery[Category | None] = None,
    q: Words = None,
    cursor: Cursor = None,
) -> Response[PublicList]:
    """What can be bought with USDC at this moment, of every creator or of one."""
    world = request.app.state.world
    asked = Asked(per_page=limit, cursor=cursor or None)
    found = await on_sale(world, asked, username=username, category=category, q=q)
    return cacheable(request, found, seconds=FRESH_SECONDS)


async def on_sale(world: World, asked: Asked, **wanted: Any) -> PublicList:
    """A page of what can be bought, for whichever door."""
    rows = await catalog.market_page(world.db, asked=asked, now=world.clock(), **wanted)
    page = page_of(rows, lambda row: public_view(row, world), asked=asked, order=catalog.NEWEST_ON_MARKET)
    return PublicList(success=True, data=page.data, next_cursor=page.next_cursor)


@get("/products/public/{product_id:uuid}", opt=PUBLIC, responses=NOT_MODIFIED)
async def get_public(request: Asking, product_id: FromPath[UUID]) -> Response[PublicDetail]:
    """A product before it is bought, on sale, to come or ended."""
    world = request.app.state.world
    product = await catalog.market_product(world.db, product_id)
    view = public_view(product, world)
    return cacheable(request, PublicDetail(success=True, data=view), seconds=FRESH_SECONDS)


ALIKE = tuple(
    name
    for name in PublicProduct.__struct_fields__
    if name in MarketProduct.__struct_fields__
    and name not in ("price", "minimum_amount", "image_url", "price_with_tax")
)


def public_view(product: MarketProduct, world: World) -> PublicProduct:
    return PublicProduct(**public_fields(product, world))


def ways_of(product: MarketProduct, gateways: Gateways) -> list[Way]:
    """How it can be had for its price in USDC."""
    return catalog.ways_to_pay(
        gateways.usdc_tills(has_wallet=product.has_wallet),
        currencies=[USDC],
        is_free=not (product.minimum_amount if product.is_pay_what_you_want else product.price),
        by_wallet=True,
        fulfilment=catalog.fulfilment_of(product.product_type),
    )


def public_fields(product: MarketProduct, world: World) -> dict[str, Any]:
    """What everybody may know of a product, in the dialect's words."""
    base_url = world.settings.base_url
    return {name: getattr(product, name) for name in ALIKE} | {
        "price": shown(product.price),
        "price_with_tax": shown(product.price_with_tax),
        "tax_percentage": product.tax_rate_bps / POINTS_A_PERCENT,
        "currency": USDC,
        "minimum_amount": shown(product.minimum_amount),
        "image_url": whole(product.image_url, base_url),
        "creator": CreatorView(
            id=product.creator_id,
            username=product.username,
            display_name=product.display_name,
            avatar_url=whole(product.avatar_url, base_url),
        ),
        "is_scheduled": product.available_from is not None,
        "scheduled_at": product.available_from,
        "sale_ends_at": product.available_until,
        "is_limited_quantity": product.is_limited,
        "max_quantity": product.total_quantity if product.is_limited else None,
        "has_downloadable_file": product.has_file,
        "ways_to_pay": ways_of(product, world.gateways),
        "url": f"{base_url}/s/{product.site_slug}/shop/{product.slug}",
    }


doors: list[Any] = [list_public, get_public]
