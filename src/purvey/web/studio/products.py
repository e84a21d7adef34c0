"""The author's products: the table, making one, changing one, taking one off sale (A30)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import catalog, purchases
from purvey.access import Identity, Permission
from purvey.catalog import CreateProduct, Filters, ProductType, ProductView, UpdateProduct
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.kit.money import USDC
from purvey.tenants import Site
from purvey.web import display
from purvey.web.forms import TEXTS_BYTES, Form, body, posted
from purvey.web.rendering import go
from purvey.web.session import Page, world_of
from purvey.web.shop.shop import one_of
from purvey.web.studio import product_form, shelf
from purvey.web.studio.scope import page_may, studio_page

PER_PAGE = 50
STATES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "": ("All but archived", {}),
    "on": ("Switched on", {"is_active": True}),
    "off": ("Switched off", {"is_active": False}),
    "archived": ("Archived", {"archived": True}),
}


@get("/products", guards=[page_may(Permission.VIEW_PRODUCTS)])
async def products(
    *,
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    q: FromQuery[str] = "",
    product_type: Annotated[str, QueryParameter(name="productType")] = "",
    standing: Annotated[str, QueryParameter(name="state")] = "",
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[str]:
    """Everything a site sells, and what it does not."""
    words, kind = q.strip()[:100], one_of(ProductType, product_type)
    state = standing if standing in STATES else ""
    found = await catalog.list_products(
        db,
        filters=Filters(site_id=site.id, q=words or None, product_type=kind, **STATES[state][1]),
        asked=lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE),
    )
    tills = await world_of(request).gateways.tills(db, site.slug)
    return await studio_page(
        request,
        "studio/products.html",
        products=found,
        is_payable=tills.at_checkout(site.currency) or (site.currency == USDC and tills.takes_usdc),
        asked={"q": words, "product_type": kind or "", "state": state},
        types=list(display.PRODUCT_TYPES.items()),
        states=[(key, words) for key, (words, _) in STATES.items()],
    )


@get("/products/create", guards=[page_may(Permission.EDIT_PRODUCTS)])
async def create_form(request: Page, site: NamedDependency[Site], db: NamedDependency[Database]) -> Response[str]:
    """An empty product."""
    return await form_page(request, site, db)


@post("/products/create", guards=[page_may(Permission.EDIT_PRODUCTS)], request_max_body_size=TEXTS_BYTES)
async def create(
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A new product, and on to its files."""
    form = await posted(request)
    try:
        wish = body(CreateProduct, product_form.create_body(form, site.currency))
        made = await catalog.create_product(db, me, site=site, form=wish, now=now)
    except Refusal as no:
        return await form_page(request, site, db, refused=no, form=form)
    return go(f"/products/{made.id}/edit", done="created")


@get("/products/{product_id:uuid}/edit", guards=[page_may(Permission.VIEW_PRODUCTS)])
async def edit_form(
    request: Page, product_id: FromPath[UUID], site: NamedDependency[Site], db: NamedDependency[Database]
) -> Response[str]:
    """A product as it is, every field of it."""
    return await form_page(request, site, db, product=await catalog.find_product(db, site.id, product_id))


@post(
    "/products/{product_id:uuid}/edit", guards=[page_may(Permission.EDIT_PRODUCTS)], request_max_body_size=TEXTS_BYTES
)
async def edit(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The product as the form has it, unless somebody changed it meanwhile."""
    form = await posted(request)
    before = await catalog.find_product(db, site.id, product_id)
    try:
        wish = body(UpdateProduct, product_form.update_body(form, before))
        await catalog.update_product(
            db, me, site=site, product_id=product_id, form=wish, count_held=purchases.count_held, now=now
        )
    except Refusal as no:
        return await form_page(request, site, db, product=before, refused=no, form=form)
    return go(f"/products/{product_id}/edit", done="saved")


async def form_page(
    request: Page,
    site: Site,
    db: Database,
    *,
    product: ProductView | None = None,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    """The form of a product, new or there."""
    chosen = form.all("memberIds") if form else [str(id) for id in product.member_ids] if product else []
    return await studio_page(
        request,
        "studio/product.html",
        product=product,
        refused=refused,
        form=form,
        values=product_form.values_of(product) if product else product_form.FRESH,
        types=list(display.PRODUCT_TYPES.items()),
        candidates=await shelf.members(db, site, chosen, bundle_id=product.id if product else None),
        chosen=chosen,
        pictures=pictures_of(product) if product else [],
    )


class OwnPicture(msgspec.Struct, frozen=True):
    """A picture that can be taken away; a clip or video has no small picture, but an address."""

    id: UUID
    small: str | None
    url: str


def pictures_of(product: ProductView) -> list[OwnPicture]:
    small = [str(media.renditions[0]["url"]) if media.renditions else None for media in product.media]
    return [OwnPicture(media.id, each, media.url) for media, each in zip(product.media, small, strict=True)]


@post("/products/{product_id:uuid}/archive", guards=[page_may(Permission.EDIT_PRODUCTS)])
async def archive(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Off sale for good; its buyers keep it."""
    await posted(request)
    await catalog.archive_product(db, me, site=site, product_id=product_id, now=now)
    return go(f"/products?site={site.slug}", done="deleted")


@post("/products/{product_id:uuid}/restore", guards=[page_may(Permission.EDIT_PRODUCTS)])
async def restore(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Back as it was."""
    await posted(request)
    await catalog.restore_product(db, me, site=site, product_id=product_id, now=now)
    return go(f"/products/{product_id}/edit", done="restored")


pages = [products, create_form, create, edit_form, edit, archive, restore]
