"""The JSON doors of analytics, for those who may see billing details."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import analytics
from purvey.access import Permission
from purvey.access.guards import may
from purvey.analytics import By, ProductSales, Revenue, SiteSales
from purvey.kit.db import Database

MAX_GROUPS = 50
First = Annotated[date | None, QueryParameter(name="from", description="The first day, UTC; 30 days in all by default")]
Last = Annotated[date | None, QueryParameter(name="to", description="The last day, UTC; today by default")]
Groups = Annotated[int, QueryParameter(name="limit", ge=1, le=MAX_GROUPS, description="Who earned most, so many")]


@get("/sites/{site_id:uuid}/products/{product_id:uuid}/sales", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def get_product_sales(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    first: First = None,
    last: Last = None,
) -> ProductSales:
    """What a product sold, per currency and day."""
    return await analytics.product_sales(db, site_id, product_id, analytics.period_of(first, last, now=now))


@get("/sites/{site_id:uuid}/products/stats", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def get_products_stats(
    site_id: FromPath[UUID],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    first: First = None,
    last: Last = None,
) -> SiteSales:
    """What the whole site sold, per currency and day, and what sold best."""
    return await analytics.site_sales(db, site_id, analytics.period_of(first, last, now=now))


@get("/sites/{site_id:uuid}/analytics/revenue", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def get_revenue(
    *,
    site_id: FromPath[UUID],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    by: FromQuery[By] = By.DAY,
    first: First = None,
    last: Last = None,
    limit: Groups = 20,
) -> Revenue:
    """Revenue over time: of each product, of each series by its chapters, or of the whole site."""
    period = analytics.period_of(first, last, now=now)
    return await analytics.revenue(db, site_id, period, by=by, limit=limit)


doors: list[Any] = [get_product_sales, get_products_stats, get_revenue]
