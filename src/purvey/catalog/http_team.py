"""The doors through which the team of a site keeps its catalog."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from purvey import catalog, tenants
from purvey.access import Identity, Permission
from purvey.access.guards import may
from purvey.catalog.forms import SKU_MAX, CreateProduct, Sku, UpdateProduct
from purvey.catalog.lists import MAX_SKUS, Filters, FoundPrice, ProductSummary
from purvey.catalog.model import Kind, ProductType
from purvey.catalog.quantities import CountHeld
from purvey.catalog.search import SEARCH_MAX
from purvey.catalog.views import PriceView, ProductView, price_view
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging
from purvey.kit.versions import IfMatch, etagged
from purvey.settings import Settings

Search = Annotated[str | None, QueryParameter(max_length=SEARCH_MAX, description="Words; the last one may be begun.")]
OfType = Annotated[ProductType | None, QueryParameter(name="productType")]
Active = Annotated[bool | None, QueryParameter(name="isActive")]
System = Annotated[bool | None, QueryParameter(description="System products only, or none of them.")]
InArchive = Annotated[bool, QueryParameter(name="archived", description="The archived ones instead.")]
OneSku = Annotated[str, QueryParameter(name="sku", min_length=1, max_length=SKU_MAX)]
Skus = Annotated[list[Sku], QueryParameter(name="sku", min_items=1, max_items=MAX_SKUS)]


class SkuView(msgspec.Struct, kw_only=True, rename="camel"):
    """A price found by its SKU, and the product that it is a price of."""

    site_id: UUID
    product_id: UUID
    product_name: str
    product_active: bool
    price: PriceView


class SkuList(msgspec.Struct, kw_only=True, rename="camel"):
    """What was found, and which SKUs no price of the site has."""

    data: list[SkuView]
    missing: list[str]


@get("/sites/{site_id:uuid}/products", guards=[may(Permission.VIEW_PRODUCTS)])
async def list_products(
    *,
    site_id: FromPath[UUID],
    paging: Paging,
    db: NamedDependency[Database],
    q: Search = None,
    product_type: OfType = None,
    is_active: Active = None,
    kind: FromQuery[Kind | None] = None,
    system: System = None,
    archived: InArchive = False,
) -> Page[ProductSummary]:
    """A site's products in the order of its shelf, also those that are not on sale."""
    filters = Filters(
        site_id=site_id,
        q=q,
        product_type=product_type,
        is_active=is_active,
        kind=kind,
        is_system=system,
        archived=archived,
    )
    return await catalog.list_products(db, filters=filters, asked=paging)


@post("/sites/{site_id:uuid}/products", guards=[may(Permission.EDIT_PRODUCTS)])
async def create_product(
    site_id: FromPath[UUID],
    data: JSONBody[CreateProduct],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[ProductView]:
    """Create a product with its prices, all or nothing."""
    site = await tenants.find_site(db, site_id)
    return tagged(await catalog.create_product(db, me, site=site, form=data, now=now), status=201)


@get("/sites/{site_id:uuid}/products/{product_id:uuid}", guards=[may(Permission.VIEW_PRODUCTS)])
async def get_product(
    site_id: FromPath[UUID], product_id: FromPath[UUID], db: NamedDependency[Database]
) -> Response[ProductView]:
    """A product whole, with its prices, stock, files and media."""
    return tagged(await catalog.find_product(db, site_id, product_id))


@put("/sites/{site_id:uuid}/products/{product_id:uuid}", guards=[may(Permission.EDIT_PRODUCTS)])
async def update_product(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    data: JSONBody[UpdateProduct],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    count_held: NamedDependency[CountHeld],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> Response[ProductView]:
    """Merge what is sent into a product: what is missing stays, null clears."""
    site = await tenants.find_site(db, site_id)
    return tagged(
        await catalog.update_product(
            db,
            me,
            site=site,
            product_id=product_id,
            form=data,
            count_held=count_held,
            if_match=if_match,
            base_url=settings.base_url,
            now=now,
        )
    )


@delete("/sites/{site_id:uuid}/products/{product_id:uuid}", guards=[may(Permission.EDIT_PRODUCTS)])
async def archive_product(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> None:
    """Archive a product: no new sales, and its owners keep what they have."""
    site = await tenants.find_site(db, site_id)
    await catalog.archive_product(db, me, site=site, product_id=product_id, if_match=if_match, now=now)


@post(
    "/sites/{site_id:uuid}/products/{product_id:uuid}/restore",
    guards=[may(Permission.EDIT_PRODUCTS)],
    status_code=200,
)
async def restore_product(
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[ProductView]:
    """Bring an archived product back as it was."""
    site = await tenants.find_site(db, site_id)
    return tagged(await catalog.restore_product(db, me, site=site, product_id=product_id, now=now))


@get("/sites/{site_id:uuid}/prices", guards=[may(Permission.VIEW_PRODUCTS)])
async def find_prices(site_id: FromPath[UUID], sku: Skus, db: NamedDependency[Database]) -> SkuList:
    """The site's prices by their SKUs, up to 100 at once."""
    found = await catalog.find_prices_by_sku(db, sku, site_id=site_id)
    have = {each.price.sku for each in found}
    return SkuList(data=[sku_view(each) for each in found], missing=sorted(set(sku) - have))


@get("/sites/{site_id:uuid}/prices/by-sku", guards=[may(Permission.VIEW_PRODUCTS)])
async def find_price(site_id: FromPath[UUID], sku: OneSku, db: NamedDependency[Database]) -> SkuView:
    """The site's one price that has this SKU."""
    return sku_view(await catalog.find_price_by_sku(db, sku, site_id=site_id))


def sku_view(found: FoundPrice) -> SkuView:
    return SkuView(
        site_id=found.site_id,
        product_id=found.product_id,
        product_name=found.product_name,
        product_active=found.product_active,
        price=price_view(found.price),
    )


def tagged(view: ProductView, *, status: int = 200) -> Response[ProductView]:
    """The product with its version as ETag."""
    return Response(view, status_code=status, headers=etagged(view.version))


doors: list[Any] = [
    list_products,
    create_product,
    get_product,
    update_product,
    archive_product,
    restore_product,
    find_prices,
    find_price,
]
