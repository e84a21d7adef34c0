"""The doors through which platform admins oversee every catalog (A19, A20)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from purvey import catalog
from purvey.access import Identity
from purvey.access.guards import admin
from purvey.catalog.archive import SetStatus
from purvey.catalog.http_team import Active, InArchive, OfType, Search
from purvey.catalog.lists import Filters, ProductSummary
from purvey.catalog.views import ProductView
from purvey.kit.db import Database
from purvey.kit.ids import Id
from purvey.kit.pages import Page, Paging

OfSite = Annotated[Id | None, QueryParameter(name="siteId")]
OfAuthor = Annotated[Id | None, QueryParameter(name="authorId")]


@get("/admin/products", guards=[admin])
async def list_all_products(
    *,
    paging: Paging,
    db: NamedDependency[Database],
    q: Search = None,
    site_id: OfSite = None,
    author_id: OfAuthor = None,
    product_type: OfType = None,
    is_active: Active = None,
    archived: InArchive = False,
) -> Page[ProductSummary]:
    """Every product of the platform, the newest first."""
    filters = Filters(
        q=q, site_id=site_id, author_id=author_id, product_type=product_type, is_active=is_active, archived=archived
    )
    return await catalog.list_all_products(db, filters=filters, asked=paging)


@put("/admin/products/{product_id:uuid}/status", guards=[admin])
async def set_status(
    product_id: FromPath[UUID],
    data: JSONBody[SetStatus],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> ProductView:
    """Switch a product off, with a reason that its team reads and cannot overrule, or on again."""
    return await catalog.set_status(db, me, product_id=product_id, form=data, now=now)


doors: list[Any] = [list_all_products, set_status]
