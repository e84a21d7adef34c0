"""An author's doors to series."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey import tenants
from purvey.access import Identity, Permission
from purvey.access.guards import may
from purvey.content import forms, series, store
from purvey.content.forms import CreateSeries, SeriesView, UpdateSeries
from purvey.content.model import Series
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.kit.versions import IfMatch, etagged


@get("/sites/{site_id:uuid}/series", guards=[may(Permission.VIEW_PRODUCTS)])
async def list_series(site_id: FromPath[UUID], db: NamedDependency[Database], paging: Paging) -> Page[SeriesView]:
    """A site's series, newest first, published or not."""
    rows = await store.series_of(db, site_id, paging)
    total = await total_of(paging, lambda: store.count_series(db, site_id))
    return page_of(rows, forms.series_view, asked=paging, order=store.NEWEST_SERIES, total=total)


@post("/sites/{site_id:uuid}/series", guards=[may(Permission.EDIT_PRODUCTS)])
async def create_series(
    site_id: FromPath[UUID],
    data: JSONBody[CreateSeries],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[SeriesView]:
    """Begin a series."""
    site = await tenants.find_site(db, site_id)
    return shown(await series.create_series(db, me, site=site, form=data, now=now), status=201)


@get("/sites/{site_id:uuid}/series/{series_id:uuid}", guards=[may(Permission.VIEW_PRODUCTS)])
async def get_series(
    site_id: FromPath[UUID], series_id: FromPath[UUID], db: NamedDependency[Database]
) -> Response[SeriesView]:
    """A series."""
    return shown(await series.find_series(db, site_id, series_id))


@put("/sites/{site_id:uuid}/series/{series_id:uuid}", guards=[may(Permission.EDIT_PRODUCTS)])
async def update_series(
    *,
    site_id: FromPath[UUID],
    series_id: FromPath[UUID],
    data: JSONBody[UpdateSeries],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> Response[SeriesView]:
    """Change a series."""
    return shown(await series.change_series(db, me, site_id, series_id, form=data, if_match=if_match, now=now))


@delete("/sites/{site_id:uuid}/series/{series_id:uuid}", guards=[may(Permission.EDIT_PRODUCTS)])
async def delete_series(
    *,
    site_id: FromPath[UUID],
    series_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> None:
    """Take a series and its chapters away; who bought a chapter still reads it."""
    await series.remove_series(db, me, site_id, series_id, if_match=if_match, now=now)


def shown(found: Series, *, status: int = 200) -> Response[SeriesView]:
    return Response(forms.series_view(found), status_code=status, headers=etagged(found.version))


doors: list[Any] = [list_series, create_series, get_series, update_series, delete_series]
