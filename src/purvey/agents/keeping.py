"""What creators do with their products (B3, B4). The answers hold what only they and their buyers may know."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey import catalog, purchases, tenants
from purvey.access import Identity, Permission
from purvey.access.guards import in_person, signed_request, within_site
from purvey.access.siwa import checksummed
from purvey.agents import product_forms
from purvey.agents.product_forms import ChangedProduct, NewProduct
from purvey.agents.products import Cursor, Limit, PublicProduct, public_fields
from purvey.catalog import KeptProduct, NoSuchProduct
from purvey.kit.db import Database
from purvey.kit.errors import NotFound
from purvey.kit.pages import PER_PAGE, Asked, page_of
from purvey.kit.versions import IfMatch, etagged, refuse_changed
from purvey.tenants import Site
from purvey.world import World

Asking = Request[Any, Any, Any]


class OwnProduct(PublicProduct, kw_only=True):
    """A product for its creator. `site` is the word of the site that sells it."""

    site: str
    is_active: bool
    suspended_at: datetime | None
    suspended_reason: str | None
    sold_count: int
    thank_you_message: str | None
    redirect_url: str | None
    use_redirect_url: bool
    license_enabled: bool
    license_text: str | None
    version: int


class OneProduct(msgspec.Struct, kw_only=True):
    success: bool
    product: OwnProduct


class OwnList(msgspec.Struct, kw_only=True):
    """My products, the newest first; `next_cursor` is null at the end."""

    success: bool
    products: list[OwnProduct]
    next_cursor: str | None


class Done(msgspec.Struct, kw_only=True):
    success: bool


@get("/products", guards=[in_person])
async def list_own(
    *,
    request: Asking,
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    limit: Limit = PER_PAGE,
    cursor: Cursor = None,
) -> OwnList:
    """The products that I and my teams sell for USDC, on sale or not."""
    asked = Asked(per_page=limit, cursor=cursor or None)
    rows = await catalog.kept_page(db, me.user_id, asked=asked)
    world = request.app.state.world
    page = page_of(rows, lambda row: own_view(row, world), asked=asked, order=catalog.NEWEST_ON_MARKET)
    return OwnList(success=True, products=page.data, next_cursor=page.next_cursor)


@post("/products", guards=[in_person])
async def create(
    *,
    request: Asking,
    data: JSONBody[NewProduct],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[OneProduct]:
    """Sell something. Who has no site yet gets one of their name."""
    form = product_forms.created(data)
    async with db.shared_transaction():  # a first site is there with its product, or not at all
        site = await tenants.creators_site(
            db,
            me,
            username=me.username,
            display_name=me.display_name,
            wallet=checksummed(me.wallet) if me.wallet else None,
            wanted=data.site,
            now=now,
        )
        me = await within_site(request, site.id, Permission.EDIT_PRODUCTS)
        product = await catalog.create_product(db, me, site=site, form=form, now=now)
    return await answered(request, product.id, status=201)


@get("/products/{product_id:uuid}", guards=[in_person])
async def get_own(request: Asking, product_id: FromPath[UUID], db: NamedDependency[Database]) -> Response[OneProduct]:
    """A product of mine, on sale or not."""
    await scope_of(request, db, product_id, Permission.VIEW_PRODUCTS)
    return await answered(request, product_id)


@patch("/products/{product_id:uuid}", guards=[in_person])
async def change(
    *,
    request: Asking,
    product_id: FromPath[UUID],
    data: JSONBody[ChangedProduct],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> Response[OneProduct]:
    """Change a product of mine: what is missing stays, null clears."""
    me, site = await scope_of(request, db, product_id, Permission.EDIT_PRODUCTS)
    before = await catalog.kept_product(db, product_id)
    refuse_changed(data, own_view(before, request.app.state.world), *product_forms.READ_ONLY)
    form = product_forms.changed(data, before)
    await catalog.update_product(
        db, me, site=site, product_id=product_id, form=form, count_held=purchases.count_held, if_match=if_match, now=now
    )
    return await answered(request, product_id)


@delete("/products/{product_id:uuid}", guards=[in_person, signed_request], status_code=200)
async def archive(
    *,
    request: Asking,
    product_id: FromPath[UUID],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> Done:
    """Take a product of mine off the shop for good; its owners keep it. An agent signs this request."""
    me, site = await scope_of(request, db, product_id, Permission.EDIT_PRODUCTS)
    await catalog.archive_product(db, me, site=site, product_id=product_id, if_match=if_match, now=now)
    return Done(success=True)


async def scope_of(request: Asking, db: Database, product_id: UUID, needed: Permission) -> tuple[Identity, Site]:
    """Who is asking, on the site that sells this product; NoSuchProduct for who is not of its team."""
    try:
        site = await tenants.find_site(db, await catalog.find_site_of(db, product_id))
        return await within_site(request, site.id, needed), site
    except NotFound:
        raise NoSuchProduct("You have no product with this id") from None


async def answered(request: Asking, product_id: UUID, *, status: int = 200) -> Response[OneProduct]:
    """The product with its version as ETag."""
    world = request.app.state.world
    product = await catalog.kept_product(world.db, product_id)
    body = OneProduct(success=True, product=own_view(product, world))
    return Response(body, status_code=status, headers=etagged(product.version))


OWN_ALIKE = tuple(
    name
    for name in OwnProduct.__struct_fields__
    if name in KeptProduct.__struct_fields__ and name not in PublicProduct.__struct_fields__
)


def own_view(product: KeptProduct, world: World) -> OwnProduct:
    own = {name: getattr(product, name) for name in OWN_ALIKE}
    return OwnProduct(**public_fields(product, world), **own, site=product.site_slug)


doors: list[Any] = [list_own, create, get_own, change, archive]
