"""The public doors of a shop: one statement each, and answers that may be kept for a moment.

They are asked more than all others, so they take database, tills and time from the application, which is quicker than
having them handed in.
"""

from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import catalog
from purvey.access.guards import PUBLIC
from purvey.catalog.model import ProductType
from purvey.catalog.search import SEARCH_MAX
from purvey.catalog.shop import ShopProduct, ShopProductDetail, Sort
from purvey.kit.absolute import whole_of
from purvey.kit.caching import NOT_MODIFIED, cacheable
from purvey.kit.pages import PER_PAGE, Count, CursorParameter, Page, PageNumber, PerPage, asked

FRESH_SECONDS = 10
Search = Annotated[str | None, QueryParameter(max_length=SEARCH_MAX, description="Words; the last one may be begun.")]
OfType = Annotated[ProductType | None, QueryParameter(name="productType")]


@get("/s/{site_slug:str}/shop", opt=PUBLIC, responses=NOT_MODIFIED)
async def list_shop(
    *,
    request: Request[Any, Any, Any],
    site_slug: FromPath[str],
    page: PageNumber = 1,
    per_page: PerPage = PER_PAGE,
    cursor: CursorParameter = None,
    count: Count = False,
    q: Search = None,
    product_type: OfType = None,
    sort: FromQuery[Sort] = Sort.FEATURED,
    include: FromQuery[Literal["upcoming"] | None] = None,
) -> Response[Page[ShopProduct]]:
    """What a site sells: active products in their time, with those to come by `include=upcoming`."""
    state = request.app.state
    found = await catalog.shop_page(
        state.db,
        site_slug,
        tills=await state.world.gateways.tills(state.db, site_slug),
        asked=asked(page, per_page, cursor, count=count),
        now=state.clock(),
        sort=sort,
        product_type=product_type,
        q=q,
        upcoming=include is not None,
    )
    return cacheable(request, whole_of(found, state.world.settings.base_url), seconds=FRESH_SECONDS)


@get("/s/{site_slug:str}/shop/{product_slug:str}", opt=PUBLIC, responses=NOT_MODIFIED)
async def get_shop_product(
    request: Request[Any, Any, Any],
    site_slug: FromPath[str],
    product_slug: FromPath[str],
) -> Response[ShopProductDetail]:
    """A product before it is bought; never a link to its files."""
    state = request.app.state
    tills = await state.world.gateways.tills(state.db, site_slug)
    product = await catalog.shop_product(state.db, site_slug, product_slug, tills=tills, now=state.clock())
    return cacheable(request, whole_of(product, state.world.settings.base_url), seconds=FRESH_SECONDS)


doors: list[Any] = [list_shop, get_shop_product]
