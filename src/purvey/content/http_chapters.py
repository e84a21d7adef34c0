"""An author's doors to chapters."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from purvey import tenants
from purvey.access import Identity, Permission
from purvey.access.guards import may
from purvey.content import chapters, forms, series, store
from purvey.content.forms import ChapterLine, ChapterView, CreateChapter, UpdateChapter
from purvey.content.model import AccessLevel, Chapter
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.kit.versions import IfMatch, etagged

LevelParameter = Annotated[AccessLevel | None, QueryParameter(name="accessLevel")]


@get("/sites/{site_id:uuid}/chapters", guards=[may(Permission.VIEW_PRODUCTS)])
async def list_chapters(
    site_id: FromPath[UUID], db: NamedDependency[Database], paging: Paging, access_level: LevelParameter = None
) -> Page[ChapterLine]:
    """The chapters of all series of a site, newest first, without their text."""
    rows = await store.chapters_of_site(db, site_id, paging, access_level=access_level)
    total = await total_of(paging, lambda: store.count_chapters(db, site_id, series_id=None, access_level=access_level))
    return page_of(rows, forms.chapter_line, asked=paging, order=store.NEWEST_CHAPTERS, total=total)


@get("/sites/{site_id:uuid}/series/{series_id:uuid}/chapters", guards=[may(Permission.VIEW_PRODUCTS)])
async def list_chapters_of_series(
    site_id: FromPath[UUID],
    series_id: FromPath[UUID],
    db: NamedDependency[Database],
    paging: Paging,
    access_level: LevelParameter = None,
) -> Page[ChapterLine]:
    """The chapters of a series in their order, without their text."""
    await series.find_series(db, site_id, series_id)
    rows = await store.chapters_of_series(db, site_id, series_id, paging, access_level=access_level)
    total = await total_of(
        paging, lambda: store.count_chapters(db, site_id, series_id=series_id, access_level=access_level)
    )
    return page_of(rows, forms.chapter_line, asked=paging, order=store.BY_NUMBER, total=total)


@post("/sites/{site_id:uuid}/chapters", guards=[may(Permission.EDIT_PRODUCTS)])
async def create_chapter(
    site_id: FromPath[UUID],
    data: JSONBody[CreateChapter],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[ChapterView]:
    """Add a chapter to a series."""
    site = await tenants.find_site(db, site_id)
    return shown(await chapters.create_chapter(db, me, site=site, form=data, now=now), status=201)


@get("/sites/{site_id:uuid}/chapters/{chapter_id:uuid}", guards=[may(Permission.VIEW_PRODUCTS)])
async def get_chapter(
    site_id: FromPath[UUID], chapter_id: FromPath[UUID], db: NamedDependency[Database]
) -> Response[ChapterView]:
    """A chapter with its text."""
    return shown(await chapters.find_chapter(db, site_id, chapter_id))


@put("/sites/{site_id:uuid}/chapters/{chapter_id:uuid}", guards=[may(Permission.EDIT_PRODUCTS)])
async def update_chapter(
    *,
    site_id: FromPath[UUID],
    chapter_id: FromPath[UUID],
    data: JSONBody[UpdateChapter],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> Response[ChapterView]:
    """Change a chapter; what readers pay needs EditProductPrice."""
    return shown(await chapters.change_chapter(db, me, site_id, chapter_id, form=data, if_match=if_match, now=now))


@delete("/sites/{site_id:uuid}/chapters/{chapter_id:uuid}", guards=[may(Permission.EDIT_PRODUCTS)])
async def delete_chapter(
    *,
    site_id: FromPath[UUID],
    chapter_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> None:
    """Take a chapter away; who bought it still reads it."""
    await chapters.remove_chapter(db, me, site_id, chapter_id, if_match=if_match, now=now)


def shown(found: Chapter, *, status: int = 200) -> Response[ChapterView]:
    return Response(forms.chapter_view(found), status_code=status, headers=etagged(found.version))


doors: list[Any] = [
    list_chapters,
    list_chapters_of_series,
    create_chapter,
    get_chapter,
    update_chapter,
    delete_chapter,
]
