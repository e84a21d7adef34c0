"""The public doors to what a site has to read. Answers may be kept for a moment."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from purvey import content
from purvey.access.guards import PUBLIC
from purvey.content.public import PublicSeries, PublicSeriesDetail
from purvey.kit.caching import NOT_MODIFIED, cacheable
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging

FRESH_SECONDS = 10


@get("/s/{site_slug:str}/series", opt=PUBLIC, responses=NOT_MODIFIED)
async def list_public_series(
    request: Request[Any, Any, Any], site_slug: FromPath[str], paging: Paging, db: NamedDependency[Database]
) -> Response[Page[PublicSeries]]:
    """A site's series, newest first."""
    return cacheable(request, await content.public_series(db, site_slug, paging), seconds=FRESH_SECONDS)


@get("/s/{site_slug:str}/series/{series_slug:str}", opt=PUBLIC, responses=NOT_MODIFIED)
async def get_public_series(
    request: Request[Any, Any, Any],
    site_slug: FromPath[str],
    series_slug: FromPath[str],
    db: NamedDependency[Database],
) -> Response[PublicSeriesDetail]:
    """A series with its chapters; their text is behind `/v1/chapters/{chapterId}`."""
    found = await content.public_series_detail(db, site_slug, series_slug)
    return cacheable(request, found, seconds=FRESH_SECONDS)


doors: list[Any] = [list_public_series, get_public_series]
