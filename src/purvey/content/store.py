"""The SQL of series and chapters as their authors keep them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from purvey.content.model import AccessLevel, Chapter, Series
from purvey.kit.db import Queries, Tx
from purvey.kit.pages import Asked, Order

OPENED_BY = "array(select o.product_id from series_opened_by o where o.series_id = s.id order by o.product_id)"
SERIES = f"""
    s.id, s.tenant_id, s.site_id, s.title, s.slug, s.description, s.is_published, {OPENED_BY} as opened_by,
    (select count(*) from chapters c where c.series_id = s.id and c.deleted_at is null) as chapter_count,
    s.version, s.created_at, s.updated_at
"""
CHAPTER = """
    id, tenant_id, site_id, series_id, title, slug, number, body, access_level, price_amount, currency, is_published,
    first_published_at, version, created_at, updated_at
"""
WITHOUT_BODY = CHAPTER.replace(" body,", " '' as body,")
NEWEST_SERIES: Order[Series] = Order("newest-series", ("s.id",), (UUID,), lambda row: (row.id,), descending=True)
NEWEST_CHAPTERS: Order[Chapter] = Order("newest-chapters", ("id",), (UUID,), lambda row: (row.id,), descending=True)
BY_NUMBER: Order[Chapter] = Order("chapters", ("number", "id"), (int, UUID), lambda row: (row.number, row.id))

# A series of a site.
FIND_SERIES = f"""
select {SERIES}
from series s
where s.site_id = $1
    and s.id = $2
    and s.deleted_at is null
"""

# The same, held against other writers of it and of its chapters.
LOCK_SERIES = f"{FIND_SERIES} for no key update of s"

# A site's series, newest first.
LIST_SERIES = f"""
select {SERIES}
from series s
where s.site_id = $1
    and s.deleted_at is null
    and {NEWEST_SERIES.beyond(2)}
order by {NEWEST_SERIES.by}
limit $3
offset $4
"""

COUNT_SERIES = "select count(*) from series where site_id = $1 and deleted_at is null"

# The first of these slugs that no series of the site has.
FREE_SERIES_SLUG = """
select c.slug
from unnest($2::text[]) with ordinality as c (slug, n)
where not exists (select from series s where s.site_id = $1 and s.slug = c.slug and s.deleted_at is null)
order by c.n
limit 1
"""

# A new series, unless its slug is taken.
INSERT_SERIES = """
insert into series (id, tenant_id, site_id, title, slug, description, is_published, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
on conflict (site_id, slug) where deleted_at is null do nothing
"""

UPDATE_SERIES = """
update series
set title = $2, slug = $3, description = $4, is_published = $5, version = $6, updated_at = $7
where id = $1
"""

# A series that is gone, with all its chapters; who bought one still reads it by its id.
DELETE_SERIES = """
with gone as (
    update chapters
    set deleted_at = $2, version = version + 1, updated_at = $2
    where series_id = $1
        and deleted_at is null
)
update series
set deleted_at = $2, version = version + 1, updated_at = $2
where id = $1
"""

# Just these products open the series.
SET_OPENERS = """
with closed as (
    delete from series_opened_by
    where series_id = $1
        and product_id <> all($2::uuid[])
)
insert into series_opened_by (series_id, product_id)
select $1, product_id
from unnest($2::uuid[]) as o (product_id)
on conflict do nothing
"""

# A chapter of a site.
FIND_CHAPTER = f"""
select {CHAPTER}
from chapters
where site_id = $1
    and id = $2
    and deleted_at is null
"""

# The chapters of a site, or of one series in their order, without their text.
LIST_CHAPTERS = """
select {columns}
from chapters
where site_id = $1
    and deleted_at is null
    and ($2::uuid is null or series_id = $2)
    and ($3::text is null or access_level = $3)
    and {beyond}
order by {by}
limit ${limit}
offset ${offset}
"""
LIST_OF_SITE = LIST_CHAPTERS.format(
    columns=WITHOUT_BODY, beyond=NEWEST_CHAPTERS.beyond(4), by=NEWEST_CHAPTERS.by, limit=5, offset=6
)
LIST_OF_SERIES = LIST_CHAPTERS.format(
    columns=WITHOUT_BODY, beyond=BY_NUMBER.beyond(4), by=BY_NUMBER.by, limit=6, offset=7
)

COUNT_CHAPTERS = """
select count(*)
from chapters
where site_id = $1
    and deleted_at is null
    and ($2::uuid is null or series_id = $2)
    and ($3::text is null or access_level = $3)
"""

# The first of these slugs that no chapter of the series has.
FREE_CHAPTER_SLUG = """
select c.slug
from unnest($2::text[]) with ordinality as c (slug, n)
where not exists (select from chapters h where h.series_id = $1 and h.slug = c.slug and h.deleted_at is null)
order by c.n
limit 1
"""

# Which of a chapter's names another chapter of the series has, and where the series ends.
NEIGHBOURS = """
select coalesce(bool_or(slug = $2), false) as slug_taken,
    coalesce(bool_or(number = $3), false) as number_taken,
    coalesce(max(number), 0) as last,
    count(*) as count
from chapters
where series_id = $1
    and id is distinct from $4
    and deleted_at is null
"""

INSERT_CHAPTER = f"""
insert into chapters ({CHAPTER})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""

UPDATE_CHAPTER = """
update chapters
set title = $2, slug = $3, number = $4, body = $5, access_level = $6, price_amount = $7, currency = $8,
    is_published = $9, first_published_at = $10, version = $11, updated_at = $12
where id = $1
"""

DELETE_CHAPTER = """
update chapters
set deleted_at = $2, version = version + 1, updated_at = $2
where id = $1
"""


class Neighbours(msgspec.Struct, frozen=True):
    """What the other chapters of a series leave to one."""

    slug_taken: bool
    number_taken: bool
    last: int
    count: int


async def find_series(db: Queries, site_id: UUID, series_id: UUID) -> Series | None:
    return await db.maybe(Series, FIND_SERIES, site_id, series_id)


async def lock_series(tx: Tx, site_id: UUID, series_id: UUID) -> Series | None:
    return await tx.maybe(Series, LOCK_SERIES, site_id, series_id)


async def series_of(db: Queries, site_id: UUID, asked: Asked) -> list[Series]:
    return await db.rows(Series, LIST_SERIES, site_id, *asked.place(NEWEST_SERIES), asked.limit, asked.offset)


async def count_series(db: Queries, site_id: UUID) -> int:
    return int(await db.value(COUNT_SERIES, site_id))


async def free_series_slug(tx: Tx, site_id: UUID, candidates: Iterable[str]) -> str | None:
    found: str | None = await tx.value(FREE_SERIES_SLUG, site_id, list(candidates))
    return found


async def insert_series(tx: Tx, series: Series) -> bool:
    """False when the site has a series of that slug."""
    added = await tx.do(
        INSERT_SERIES, series.id, series.tenant_id, series.site_id, series.title, series.slug, series.description,
        series.is_published, series.created_at,
    )  # fmt: skip
    return added == 1


async def update_series(tx: Tx, series: Series) -> bool:
    """False when the site has another series of that slug; nothing more can be done in this transaction then."""
    try:
        await tx.do(
            UPDATE_SERIES, series.id, series.title, series.slug, series.description, series.is_published,
            series.version, series.updated_at,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        return False
    return True


async def delete_series(tx: Tx, series_id: UUID, now: datetime) -> None:
    await tx.do(DELETE_SERIES, series_id, now)


async def set_openers(tx: Tx, series_id: UUID, product_ids: Sequence[UUID]) -> None:
    await tx.do(SET_OPENERS, series_id, list(product_ids))


async def find_chapter(db: Queries, site_id: UUID, chapter_id: UUID) -> Chapter | None:
    return await db.maybe(Chapter, FIND_CHAPTER, site_id, chapter_id)


async def chapters_of_site(
    db: Queries, site_id: UUID, asked: Asked, *, access_level: AccessLevel | None
) -> list[Chapter]:
    place = asked.place(NEWEST_CHAPTERS)
    return await db.rows(Chapter, LIST_OF_SITE, site_id, None, access_level, *place, asked.limit, asked.offset)


async def chapters_of_series(
    db: Queries, site_id: UUID, series_id: UUID, asked: Asked, *, access_level: AccessLevel | None
) -> list[Chapter]:
    place = asked.place(BY_NUMBER)
    return await db.rows(Chapter, LIST_OF_SERIES, site_id, series_id, access_level, *place, asked.limit, asked.offset)


async def count_chapters(
    db: Queries, site_id: UUID, *, series_id: UUID | None, access_level: AccessLevel | None
) -> int:
    return int(await db.value(COUNT_CHAPTERS, site_id, series_id, access_level))


async def free_chapter_slug(tx: Tx, series_id: UUID, candidates: Iterable[str]) -> str | None:
    found: str | None = await tx.value(FREE_CHAPTER_SLUG, series_id, list(candidates))
    return found


async def neighbours(tx: Tx, chapter: Chapter) -> Neighbours:
    return await tx.one(Neighbours, NEIGHBOURS, chapter.series_id, chapter.slug, chapter.number, chapter.id)


async def insert_chapter(tx: Tx, chapter: Chapter) -> None:
    await tx.do(INSERT_CHAPTER, *(getattr(chapter, name) for name in Chapter.__struct_fields__))


async def update_chapter(tx: Tx, chapter: Chapter) -> None:
    await tx.do(
        UPDATE_CHAPTER, chapter.id, chapter.title, chapter.slug, chapter.number, chapter.body, chapter.access_level,
        chapter.price_amount, chapter.currency, chapter.is_published, chapter.first_published_at,
        chapter.version, chapter.updated_at,
    )  # fmt: skip


async def delete_chapter(tx: Tx, chapter_id: UUID, now: datetime) -> None:
    await tx.do(DELETE_CHAPTER, chapter_id, now)
