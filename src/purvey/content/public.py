"""What readers find: a site's series, and a series with its chapters. Never the text of a chapter."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey.content.model import AccessLevel, ReadableChapter
from purvey.content.rules import MAX_CHAPTERS
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.kit.pages import Asked, Order, Page, page_of
from purvey.pricing import Tax, paid_for


class PublicSeries(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A series on its site's list."""

    id: UUID
    title: str
    slug: str
    description: str | None
    chapter_count: int
    updated_at: datetime


class PublicChapter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A chapter on its series' list; `price` is set for PAID ones, and `price_with_tax` is what is paid."""

    id: UUID
    title: str
    slug: str
    number: int
    access_level: AccessLevel
    price: int | None
    price_with_tax: int | None
    currency_code: str
    tax_rate_bps: int
    tax_inclusive: bool


class Opener(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product on sale whose owners read the SUBSCRIBERS chapters."""

    id: UUID
    name: str
    slug: str


class PublicSeriesDetail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A series with its chapters in their order."""

    id: UUID
    title: str
    slug: str
    description: str | None
    opened_by: list[Opener]
    chapters: list[PublicChapter]
    updated_at: datetime


NEWEST: Order[PublicSeries] = Order("series", ("s.id",), (UUID,), lambda row: (row.id,), descending=True)

SITE_EXISTS = "select exists (select from sites where slug = $1)"

# A site's published series, newest first.
LIST = f"""
select s.id, s.title, s.slug, s.description, s.updated_at,
    (
        select count(*)
        from chapters c
        where c.series_id = s.id
            and c.is_published
            and c.deleted_at is null
    ) as chapter_count
from series s
join sites w on w.id = s.site_id
where w.slug = $1
    and s.is_published
    and s.deleted_at is null
    and {NEWEST.beyond(2)}
order by {NEWEST.by}
limit $3
offset $4
"""

COUNT = """
select count(*)
from series s
join sites w on w.id = s.site_id
where w.slug = $1
    and s.is_published
    and s.deleted_at is null
"""

# A published series with its published chapters and the products on sale that open it.
DETAIL = """
select s.id, s.title, s.slug, s.description, s.updated_at,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('id', p.id, 'name', p.name, 'slug', p.slug)
                order by p.display_order, p.id
            ),
            '[]'
        )
        from series_opened_by o
        join products p on p.id = o.product_id
        where o.series_id = s.id
            and p.is_active
            and p.deleted_at is null
            and p.suspended_at is null
    ) as opened_by,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'id', c.id, 'title', c.title, 'slug', c.slug, 'number', c.number,
                    'accessLevel', c.access_level,
                    'price', case when c.access_level = 'PAID' then c.price_amount end, 'priceWithTax', null,
                    'currencyCode', c.currency, 'taxRateBps', t.tax_rate_bps, 'taxInclusive', t.tax_inclusive
                )
                order by c.number
            ),
            '[]'
        )
        from (
            select *
            from chapters c
            where c.series_id = s.id
                and c.is_published
                and c.deleted_at is null
            order by c.number
            limit $3
        ) as c
    ) as chapters
from series s
join sites w on w.id = s.site_id
join tenants t on t.id = w.tenant_id
where w.slug = $1
    and s.slug = $2
    and s.is_published
    and s.deleted_at is null
"""

# A chapter wherever it stands, with what decides who may read it, and its neighbours on show.
READABLE = """
select c.id, c.tenant_id, c.site_id, c.series_id, s.title as series_title, s.slug as series_slug,
    c.title, c.slug, c.number, c.body, c.access_level,
    case when c.access_level = 'PAID' then c.price_amount end as price_amount, c.currency,
    t.tax_rate_bps, t.tax_inclusive,
    c.is_published and c.deleted_at is null and s.is_published and s.deleted_at is null as on_show,
    array(select o.product_id from series_opened_by o where o.series_id = s.id order by o.product_id) as opened_by,
    (
        select n.id
        from chapters n
        where n.series_id = c.series_id
            and n.number < c.number
            and n.is_published
            and n.deleted_at is null
        order by n.number desc
        limit 1
    ) as previous_id,
    (
        select n.id
        from chapters n
        where n.series_id = c.series_id
            and n.number > c.number
            and n.is_published
            and n.deleted_at is null
        order by n.number
        limit 1
    ) as next_id,
    c.updated_at
from chapters c
join series s on s.id = c.series_id
join tenants t on t.id = c.tenant_id
where c.id = $1
"""


async def public_series(db: Queries, site_slug: str, asked: Asked) -> Page[PublicSeries]:
    """A site's published series; NotFound for a site that is not there."""
    rows = await db.rows(PublicSeries, LIST, site_slug, *asked.place(NEWEST), asked.limit, asked.offset)
    if not rows and not await db.value(SITE_EXISTS, site_slug):
        raise NotFound("There is no such site")
    total = int(await db.value(COUNT, site_slug)) if asked.count else None
    return page_of(rows, lambda row: row, asked=asked, order=NEWEST, total=total)


async def public_series_detail(db: Queries, site_slug: str, series_slug: str) -> PublicSeriesDetail:
    """A published series with its chapters; NotFound."""
    found = await db.record(DETAIL, site_slug, series_slug, MAX_CHAPTERS)
    if found is None:
        raise NotFound("There is no such series on this site")
    return PublicSeriesDetail(
        id=found["id"],
        title=found["title"],
        slug=found["slug"],
        description=found["description"],
        opened_by=msgspec.convert(found["opened_by"], list[Opener]),
        chapters=[priced(chapter) for chapter in msgspec.convert(found["chapters"], list[PublicChapter])],
        updated_at=found["updated_at"],
    )


def priced(chapter: PublicChapter) -> PublicChapter:
    """The chapter with what is paid for it."""
    if chapter.price is None:
        return chapter
    tax = Tax(rate_bps=chapter.tax_rate_bps, inclusive=chapter.tax_inclusive)
    return msgspec.structs.replace(chapter, price_with_tax=paid_for(chapter.price, chapter.currency_code, tax))


async def readable_chapter(db: Queries, chapter_id: UUID) -> ReadableChapter:
    """A chapter as a reader comes to it, on show or not; NotFound."""
    found = await db.maybe(ReadableChapter, READABLE, chapter_id)
    if found is None:
        raise NotFound("There is no such chapter")
    return found
