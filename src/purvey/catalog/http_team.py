"""The doors through which the team of a site keeps its catalog."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey import catalog, tenants
from purvey.access import Identity, Permission
from purvey.access.guards import may
from purvey.catalog.forms import CreateProduct
from purvey.catalog.views import ProductView
from purvey.kit.db import Database


@post("/sites/{site_id:uuid}/products", guards=[may(Permission.EDIT_PRODUCTS)])
async def create_product(
    site_id: FromPath[UUID],
    data: JSONBody[CreateProduct],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> ProductView:
    """Create a product with its prices, all or nothing."""
    site = await tenants.find_site(db, site_id)
    return await catalog.create_product(db, me, site=site, form=data, now=now)


@get("/sites/{site_id:uuid}/products/{product_id:uuid}", guards=[may(Permission.VIEW_PRODUCTS)])
async def get_product(
    site_id: FromPath[UUID], product_id: FromPath[UUID], db: NamedDependency[Database]
) -> ProductView:
    """A product whole, with its prices, stock, files and media."""
    return await catalog.find_product(db, site_id, product_id)


doors: list[Any] = [create_product, get_product]
