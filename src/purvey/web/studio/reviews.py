"""What buyers say of a site's products, read and answered by its team (B14)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from purvey import reviews
from purvey.access import Identity, Permission
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.reviews.model import Answer
from purvey.reviews.reads import NEWEST_OF_SITE
from purvey.tenants import Site
from purvey.web.forms import TEXT_BYTES, Form, body, posted
from purvey.web.rendering import go
from purvey.web.session import Page
from purvey.web.studio.scope import page_may, studio_page

PER_PAGE = 20


@get("/reviews", guards=[page_may(Permission.VIEW_PRODUCTS)])
async def list_reviews(
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[str]:
    """Everything that was said, also what is not shown."""
    return await reviews_page(request, site, db, number=number)


async def reviews_page(
    request: Page,
    site: Site,
    db: Database,
    *,
    number: int = 1,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    asked = lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)
    rows = await reviews.team_reviews(db, site.id, asked=asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=NEWEST_OF_SITE)
    return await studio_page(request, "studio/reviews.html", found=found, refused=refused, form=form)


@post("/reviews/{review_id:uuid}/answer", guards=[page_may(Permission.EDIT_PRODUCTS)], request_max_body_size=TEXT_BYTES)
async def answer(
    *,
    request: Page,
    review_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The one answer."""
    form = await posted(request)
    try:
        said = body(Answer, {"text": form.raw("text").strip()})
        await reviews.answer_review(db, me, site_id=site.id, review_id=review_id, form=said, now=now)
    except Refusal as no:
        return await reviews_page(request, site, db, refused=no, form=form)
    return go(f"/reviews?site={site.slug}", done="answered")


pages = [list_reviews, answer]
