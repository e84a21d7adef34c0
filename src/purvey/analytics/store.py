"""The SQL of reports: one statement each, over what was bought, paid, refunded and charged back."""

from datetime import date
from uuid import UUID

import msgspec

from purvey.analytics.reports import BestSeller, CurrencySales, RevenueGroup, days_of, sales_of, sums_of
from purvey.analytics.rules import By, Period
from purvey.kit.db import Queries, Record
from purvey.kit.errors import NotFound

BEST = 10

# Every move of money for a site's sales, or those of one product, with the day it happened on. A purchase whose
# money came too late and went back at once has both its moves, and is no order.
MOVES = """
moves as materialized (
    select p.product_id, p.chapter_id, p.currency, (y.paid_at at time zone 'UTC')::date as day,
        case when p.goods in ('SOLD', 'RETURNED') then 1 else 0 end as orders,
        case when p.goods in ('SOLD', 'RETURNED') then p.quantity else 0 end as units,
        p.final_amount + p.discount_amount as gross,
        p.discount_amount as discounts,
        0::bigint as refunds,
        p.tax_amount as tax
    from purchases p
    join payments y on y.subject_type = 'purchase' and y.subject_id = p.id
    where p.site_id = $1
        and ($2::uuid is null or p.product_id = $2)
        and y.paid_at is not null
    union all
    select p.product_id, p.chapter_id, p.currency, (f.updated_at at time zone 'UTC')::date, 0, 0, 0, 0, f.amount, 0
    from purchases p
    join payments y on y.subject_type = 'purchase' and y.subject_id = p.id
    join refunds f on f.payment_id = y.id
    where p.site_id = $1
        and ($2::uuid is null or p.product_id = $2)
        and f.status = 'SUCCEEDED'
    union all
    select p.product_id, p.chapter_id, p.currency, (d.closed_at at time zone 'UTC')::date, 0, 0, 0, 0, d.amount, 0
    from purchases p
    join payments y on y.subject_type = 'purchase' and y.subject_id = p.id
    join disputes d on d.payment_id = y.id
    where p.site_id = $1
        and ($2::uuid is null or p.product_id = $2)
        and d.status = 'LOST'
        and d.currency = p.currency
)
"""
SUMS = """
    sum(orders) as orders, sum(units) as units, sum(gross) as gross, sum(discounts) as discounts,
    sum(refunds) as refunds, sum(gross) - sum(discounts) - sum(refunds) as net, sum(tax) as tax
"""

NAMES = ("orders", "units", "gross", "discounts", "refunds", "net", "tax")
TOTALS = ", ".join(f"sum({name}) as {name}" for name in NAMES)
BUILT = ", ".join(f"'{name}', sum({name})" for name in NAMES)

# Sales per currency: ever, in the days asked for, and on each of them that had some.
PER_CURRENCY = f"""
(
    select coalesce(jsonb_agg(to_jsonb(c) order by c.currency), '[]')
    from (
        select l.currency, l.lifetime, t.totals, t.days
        from (
            select currency, to_jsonb(s) as lifetime
            from (select currency, {SUMS} from moves group by currency) as s
        ) as l
        left join (
            select currency,
                jsonb_build_object({BUILT}) as totals,
                jsonb_agg(to_jsonb(s) order by day) as days
            from (
                select currency, day, {SUMS}
                from moves
                where day between $3 and $4
                group by currency, day
            ) as s
            group by currency
        ) as t on t.currency = l.currency
    ) as c
) as currencies
"""

# A product's sales; no row when the site has no such product.
PRODUCT = f"""
with {MOVES}
select p.currency as usual, {PER_CURRENCY}
from products p
where p.site_id = $1
    and p.id = $2
"""

# A site's sales, and what sold best in the days asked for.
SITE = f"""
with {MOVES}
select s.id, s.name, s.slug, s.currency as usual, {PER_CURRENCY},
    (
        select coalesce(jsonb_agg(to_jsonb(b) order by b.units desc, b.net desc, b.id, b.currency), '[]')
        from (
            select p.id, p.name, p.slug, m.currency, {SUMS}
            from moves m
            join products p on p.id = m.product_id
            where m.day between $3 and $4
            group by p.id, m.currency
            having sum(orders) > 0
            order by sum(units) desc, sum(gross) - sum(discounts) - sum(refunds) desc, p.id, m.currency
            limit $5
        ) as b
    ) as best
from sites s
where s.id = $1
"""

# What each product or series earned in the days asked for, and when; who earned most first.
GROUPED = """
with {moves}
select g.id, g.name, g.slug, g.currency, {totals}, jsonb_agg(to_jsonb(g) order by g.day) as days
from (
    select n.id, n.name, n.slug, m.currency, m.day, {sums}
    from moves m
    {named}
    where m.day between $3 and $4
    group by n.id, n.name, n.slug, m.currency, m.day
) as g
group by g.id, g.name, g.slug, g.currency
order by sum(net) desc, g.id, g.currency
limit $5
"""
NAMED = {
    By.PRODUCT: "join products n on n.id = m.product_id",
    By.SERIES: """join chapters c on c.id = m.chapter_id
    join (select id, title as name, slug from series) as n on n.id = c.series_id""",
}
REVENUE = {by: GROUPED.format(moves=MOVES, totals=TOTALS, sums=SUMS, named=named) for by, named in NAMED.items()}


class ProductSales(msgspec.Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """A product's sales over some days, per currency."""

    product_id: UUID = msgspec.field(name="productId")
    first: date
    last: date
    currencies: list[CurrencySales]


class SiteSales(msgspec.Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """A site's sales over some days, per currency, chapters among them; and its best sellers by units."""

    first: date
    last: date
    currencies: list[CurrencySales]
    best_sellers: list[BestSeller] = msgspec.field(name="bestSellers")


class Revenue(msgspec.Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Revenue over some days, by product, by series, or of the whole site day by day."""

    by: By
    first: date
    last: date
    data: list[RevenueGroup]


async def product_sales(db: Queries, site_id: UUID, product_id: UUID, period: Period) -> ProductSales:
    """A7: what a product of the site sold; NotFound."""
    row = await db.record(PRODUCT, site_id, product_id, period.first, period.last)
    if row is None:
        raise NotFound("There is no such product on this site")
    return ProductSales(
        product_id=product_id,
        first=period.first,
        last=period.last,
        currencies=sales_of(row["currencies"], period, usual=row["usual"]),
    )


async def site_sales(db: Queries, site_id: UUID, period: Period) -> SiteSales:
    """A8: what the whole site sold, and what sold best; NotFound."""
    row = await site_row(db, site_id, period)
    best = [
        BestSeller(
            product_id=UUID(each["id"]),
            name=each["name"],
            slug=each["slug"],
            currency_code=each["currency"],
            totals=sums_of(each),
        )
        for each in row["best"]
    ]
    return SiteSales(
        first=period.first,
        last=period.last,
        currencies=sales_of(row["currencies"], period, usual=row["usual"]),
        best_sellers=best,
    )


async def revenue(db: Queries, site_id: UUID, period: Period, *, by: By, limit: int) -> Revenue:
    """A31: who earned how much, and on which days; at most `limit` of them, who earned most first."""
    if by is By.DAY:
        groups = await of_whole_site(db, site_id, period)
    else:
        rows = await db.records(REVENUE[by], site_id, None, period.first, period.last, limit)
        groups = [
            RevenueGroup(
                id=row["id"],
                name=row["name"],
                slug=row["slug"],
                currency_code=row["currency"],
                totals=sums_of(row),
                days=days_of(row["days"], period),
            )
            for row in rows
        ]
    return Revenue(by=by, first=period.first, last=period.last, data=groups)


async def of_whole_site(db: Queries, site_id: UUID, period: Period) -> list[RevenueGroup]:
    row = await site_row(db, site_id, period)
    return [
        RevenueGroup(
            id=row["id"],
            name=row["name"],
            slug=row["slug"],
            currency_code=each.currency_code,
            totals=each.totals,
            days=each.days,
        )
        for each in sales_of(row["currencies"], period, usual=row["usual"])
    ]


async def site_row(db: Queries, site_id: UUID, period: Period) -> Record:
    row = await db.record(SITE, site_id, None, period.first, period.last, BEST)
    if row is None:
        raise NotFound("There is no such site")
    return row
