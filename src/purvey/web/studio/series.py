"""The author's series and their chapters (A32)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET

from purvey import content
from purvey.access import Identity, Permission
from purvey.content import AccessLevel, Chapter, Series
from purvey.content.forms import CreateChapter, CreateSeries, UpdateChapter, UpdateSeries
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.tenants import Site
from purvey.web.display import plain_amount
from purvey.web.forms import TEXTS_BYTES, Form, body, changed, given, posted
from purvey.web.rendering import go
from purvey.web.session import Page
from purvey.web.studio import shelf
from purvey.web.studio.scope import page_may, studio_page

PER_PAGE = 50
MOST_CHAPTERS = 100
VIEW, EDIT = [page_may(Permission.VIEW_PRODUCTS)], [page_may(Permission.EDIT_PRODUCTS)]
BIG_BODY = 2_000_000  # a chapter of 250,000 letters, each percent-encoded
LEVELS = [
    (AccessLevel.FREE, "Free for everybody"),
    (AccessLevel.PAID, "Bought one by one"),
    (AccessLevel.SUBSCRIBERS, "For owners of the products that open the series"),
]
SERIES = "/series/{series_id:uuid}"
Number = Annotated[int, QueryParameter(name="page")]


@get("/series", guards=VIEW)
async def all_series(
    request: Page, site: NamedDependency[Site], db: NamedDependency[Database], number: Number = 1
) -> Response[str]:
    """A site's series, newest first."""
    asked = lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)
    rows = await content.series_of(db, site.id, asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=content.NEWEST_SERIES)
    return await studio_page(request, "studio/all_series.html", found=found)


@get("/series/create", guards=EDIT)
async def create_form(request: Page, site: NamedDependency[Site], db: NamedDependency[Database]) -> Response[str]:
    """An empty series."""
    return await series_page(request, site, db)


@post("/series/create", guards=EDIT, request_max_body_size=TEXTS_BYTES)
async def create(
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A new series, and on to its chapters."""
    form = await posted(request)
    try:
        wish = body(CreateSeries, given(form, {**series_fields(form), "slug": form.maybe("slug")}))
        made = await content.create_series(db, me, site=site, form=wish, now=now)
    except Refusal as no:
        return await series_page(request, site, db, refused=no, form=form)
    return go(f"/series/{made.id}?site={site.slug}", done="created")


@get(SERIES, guards=VIEW)
async def one_series(
    request: Page, series_id: FromPath[UUID], site: NamedDependency[Site], db: NamedDependency[Database]
) -> Response[str]:
    """A series and its chapters."""
    return await series_page(request, site, db, series=await content.find_series(db, site.id, series_id))


@post(SERIES, guards=EDIT, request_max_body_size=TEXTS_BYTES)
async def edit(
    *,
    request: Page,
    series_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The series as the form has it."""
    form = await posted(request)
    before = await content.find_series(db, site.id, series_id)
    try:
        fields = {
            **changed(form, series_values(before), {**series_fields(form), "slug": form.maybe("slug") or UNSET}),
            "version": form.whole("version") or UNSET,
        }
        await content.change_series(db, me, site.id, series_id, form=body(UpdateSeries, fields), if_match=None, now=now)
    except Refusal as no:
        return await series_page(request, site, db, series=before, refused=no, form=form)
    return go(f"/series/{series_id}?site={site.slug}", done="saved")


@post(f"{SERIES}/delete", guards=EDIT)
async def delete(
    *,
    request: Page,
    series_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Off the site; who bought chapters still reads them."""
    await posted(request)
    await content.remove_series(db, me, site.id, series_id, if_match=None, now=now)
    return go(f"/series?site={site.slug}", done="removed")


def series_fields(form: Form) -> dict[str, Any]:
    return {
        "title": form.text("title"),
        "description": form.raw("description").strip() or None,
        "isPublished": form.ticked("isPublished"),
        "openedBy": form.all("openedBy"),
    }


def series_values(series: Series) -> dict[str, Any]:
    """A series as its form shows it."""
    return {
        "title": series.title,
        "slug": series.slug,
        "description": series.description,
        "isPublished": series.is_published,
        "openedBy": series.opened_by,
    }


async def series_page(
    request: Page,
    site: Site,
    db: Database,
    *,
    series: Series | None = None,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    """The form of a series, new or there, and its chapters."""
    chosen = form.all("openedBy") if form else [str(id) for id in series.opened_by] if series else []
    values: dict[str, Any] = {"isPublished": True}
    chapters: list[Chapter] = []
    if series:
        values = series_values(series)
        chapters = await content.chapters_of_series(
            db, site.id, series.id, lists.asked(1, MOST_CHAPTERS), access_level=None
        )
    return await studio_page(
        request, "studio/series.html", series=series, chapters=chapters, refused=refused, form=form, values=values,
        products=await shelf.choices(db, site, chosen), chosen=chosen,
    )  # fmt: skip


@get(f"{SERIES}/chapters/create", guards=EDIT)
async def new_chapter_form(
    request: Page, series_id: FromPath[UUID], site: NamedDependency[Site], db: NamedDependency[Database]
) -> Response[str]:
    """An empty chapter."""
    return await chapter_page(request, site, await content.find_series(db, site.id, series_id))


@post(f"{SERIES}/chapters/create", guards=EDIT, request_max_body_size=BIG_BODY)
async def new_chapter(
    *,
    request: Page,
    series_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A new chapter."""
    form = await posted(request)
    series = await content.find_series(db, site.id, series_id)
    try:
        fields = {**chapter_fields(form, site.currency), "slug": form.maybe("slug"), "number": form.whole("number")}
        fields = given(form, fields) | {"seriesId": str(series_id)}
        await content.create_chapter(db, me, site=site, form=body(CreateChapter, fields), now=now)
    except Refusal as no:
        return await chapter_page(request, site, series, refused=no, form=form)
    return go(f"/series/{series_id}?site={site.slug}", done="created")


@get(f"{SERIES}/chapters/{{chapter_id:uuid}}", guards=VIEW)
async def one_chapter(
    request: Page,
    series_id: FromPath[UUID],
    chapter_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
) -> Response[str]:
    """A chapter as it is."""
    series = await content.find_series(db, site.id, series_id)
    return await chapter_page(request, site, series, chapter=await content.find_chapter(db, site.id, chapter_id))


@post(f"{SERIES}/chapters/{{chapter_id:uuid}}", guards=EDIT, request_max_body_size=BIG_BODY)
async def edit_chapter(
    *,
    request: Page,
    series_id: FromPath[UUID],
    chapter_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The chapter as the form has it."""
    form = await posted(request)
    series = await content.find_series(db, site.id, series_id)
    before = await content.find_chapter(db, site.id, chapter_id)
    try:
        number = form.whole("number")
        fields = {
            **chapter_fields(form, before.currency),
            "slug": form.maybe("slug") or UNSET,
            "number": UNSET if number is None else number,
        }
        fields = changed(form, chapter_values(before), fields) | {"version": form.whole("version") or UNSET}
        await content.change_chapter(
            db, me, site.id, chapter_id, form=body(UpdateChapter, fields), if_match=None, now=now
        )
    except Refusal as no:
        return await chapter_page(request, site, series, chapter=before, refused=no, form=form)
    return go(f"/series/{series_id}?site={site.slug}", done="saved")


@post(f"{SERIES}/chapters/{{chapter_id:uuid}}/delete", guards=EDIT)
async def delete_chapter(
    *,
    request: Page,
    series_id: FromPath[UUID],
    chapter_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Off the series; who bought it still reads it."""
    await posted(request)
    await content.remove_chapter(db, me, site.id, chapter_id, if_match=None, now=now)
    return go(f"/series/{series_id}?site={site.slug}", done="removed")


def chapter_fields(form: Form, currency: str) -> dict[str, Any]:
    return {
        "title": form.text("title"),
        "body": form.raw("body"),
        "accessLevel": form.text("accessLevel"),
        "price": form.minor("price", currency),
        "isPublished": form.ticked("isPublished"),
    }


def chapter_values(chapter: Chapter) -> dict[str, Any]:
    """A chapter as its form shows it."""
    return {
        "title": chapter.title,
        "slug": chapter.slug,
        "number": chapter.number,
        "body": chapter.body,
        "accessLevel": chapter.access_level,
        "price": plain_amount(chapter.price_amount, chapter.currency),
        "isPublished": chapter.is_published,
    }


async def chapter_page(
    request: Page,
    site: Site,
    series: Series,
    *,
    chapter: Chapter | None = None,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    """The form of a chapter, new or there."""
    values: dict[str, Any] = {"isPublished": True, "accessLevel": AccessLevel.FREE}
    if chapter:
        values = chapter_values(chapter)
    return await studio_page(
        request, "studio/chapter.html", series=series, chapter=chapter, refused=refused, form=form, values=values,
        levels=LEVELS, currency=chapter.currency if chapter else site.currency,
    )  # fmt: skip


pages = [
    all_series, create_form, create, one_series, edit, delete,
    new_chapter_form, new_chapter, one_chapter, edit_chapter, delete_chapter,
]  # fmt: skip
