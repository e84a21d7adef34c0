"""What was sold: of one product, and of the whole site (A30, A31)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from markupsafe import Markup

from purvey import analytics, catalog
from purvey.access import Permission
from purvey.analytics import By, CurrencySales, Period
from purvey.kit.db import Database
from purvey.kit.errors import Invalid
from purvey.tenants import Site
from purvey.web.charts import Bar, bars
from purvey.web.display import money
from purvey.web.session import Page
from purvey.web.studio.scope import page_may, studio_page

VIEW = [page_may(Permission.VIEW_BILLING_DETAILS)]
MOST_GROUPS = 20
First = Annotated[str, QueryParameter(name="from")]
Last = Annotated[str, QueryParameter(name="to")]


class Told(msgspec.Struct, frozen=True):
    """Sales in one currency, with their chart."""

    sales: CurrencySales
    chart: Markup


@get("/products/{product_id:uuid}/stats", guards=VIEW)
async def product_stats(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    first: First = "",
    last: Last = "",
) -> Response[str]:
    """What a product sold, day by day."""
    period, problem = period_of(first, last, now=now)
    product = await catalog.find_product(db, site.id, product_id)
    found = await analytics.product_sales(db, site.id, product_id, period)
    return await studio_page(
        request,
        "studio/stats.html",
        refused=problem,
        name=product.name,
        product=product,
        period=period,
        told=told(found.currencies, product.name),
        groups=[],
    )


@get("/stats", guards=VIEW)
async def site_stats(
    *,
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    first: First = "",
    last: Last = "",
) -> Response[str]:
    """What a site sold, and what of it sold best."""
    period, problem = period_of(first, last, now=now)
    found = await analytics.site_sales(db, site.id, period)
    products = await analytics.revenue(db, site.id, period, by=By.PRODUCT, limit=MOST_GROUPS)
    series = await analytics.revenue(db, site.id, period, by=By.SERIES, limit=MOST_GROUPS)
    return await studio_page(
        request,
        "studio/stats.html",
        refused=problem,
        name=site.name,
        product=None,
        period=period,
        told=told(found.currencies, site.name),
        groups=[("Products", products.data), ("Series", series.data)],
    )


def told(currencies: Sequence[CurrencySales], name: str) -> list[Told]:
    return [Told(sales, chart_of(sales, name)) for sales in currencies]


def chart_of(sales: CurrencySales, name: str) -> Markup:
    code = sales.currency_code
    label = f"Net revenue of {name} per day, in {code}; the table below has the same figures"
    return bars([Bar(day.day, day.net) for day in sales.days], name=label, words=lambda value: money(value, code))


def period_of(first: str, last: str, *, now: datetime) -> tuple[Period, Invalid | None]:
    """The days asked for; the usual ones, and what is wrong, when they are none."""
    try:
        return analytics.period_of(day_of(first), day_of(last), now=now), None
    except Invalid as no:
        return analytics.period_of(None, None, now=now), Invalid(no.detail)


def day_of(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Invalid("Give days such as 2030-01-31") from None


pages = [product_stats, site_stats]
