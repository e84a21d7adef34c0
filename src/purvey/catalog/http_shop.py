"""The public doors of a shop. They cost one statement each, and answers may be kept for a moment."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import catalog
from purvey.access.guards import PUBLIC
from purvey.catalog.model import ProductType
from purvey.catalog.search import SEARCH_MAX
from purvey.catalog.shop import ShopProduct, ShopProductDetail, Sort
from purvey.kit.caching import NOT_MODIFIED, cacheable
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging

FRESH_SECONDS = 10
Search = Annotated[str | None, QueryParameter(max_length=SEARCH_MAX, description="Words; the last one may be begun.")]
OfType = Annotated[ProductType | None, QueryParameter(name="productType")]


@get("/s/{site_slug:str}/shop", opt=PUBLIC, responses=NOT_MODIFIED)
async def list_shop(
    *,
    request: Request[Any, Any, Any],
    site_slug: FromPath[str],
    paging: Paging,
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    q: Search = None,
    product_type: OfType = None,
    sort: FromQuery[Sort] = Sort.FEATURED,
    include: FromQuery[Literal["upcoming"] | None] = None,
) -> Response[Page[ShopProduct]]:
    """What a site sells: active products in their time, with those to come by `include=upcoming`."""
    page = await catalog.shop_page(
        db,
        site_slug,
        asked=paging,
        now=now,
        sort=sort,
        product_type=product_type,
        q=q,
        upcoming=include is not None,
    )
    return cacheable(request, page, seconds=FRESH_SECONDS)


@get("/s/{site_slug:str}/shop/{product_slug:str}", opt=PUBLIC, responses=NOT_MODIFIED)
async def get_shop_product(
    request: Request[Any, Any, Any],
    site_slug: FromPath[str],
    product_slug: FromPath[str],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[ShopProductDetail]:
    """A product before it is bought; never a link to its files."""
    product = await catalog.shop_product(db, site_slug, product_slug, now=now)
    return cacheable(request, product, seconds=FRESH_SECONDS)


doors: list[Any] = [list_shop, get_shop_product]
