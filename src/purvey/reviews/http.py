"""The JSON doors of reviews: everybody reads, buyers speak, authors answer, the platform hides."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey import reviews
from purvey.access import Identity, Permission
from purvey.access.guards import PUBLIC, admin, buyer, may
from purvey.catalog import NoSuchProduct
from purvey.kit.db import Database
from purvey.kit.pages import Asked, Page, Paging, page_of, total_of
from purvey.reviews import reads
from purvey.reviews.model import Answer, Hide, Review, ReviewForm, Stats, TeamReview


class ReviewPage(msgspec.Struct, kw_only=True, rename="camel"):
    """What is said of a product, the newest first, and what it comes to."""

    data: list[Review]
    page: int
    per_page: int
    next_cursor: str | None
    total: int | msgspec.UnsetType = msgspec.UNSET
    stats: Stats


async def public_page(db: Database, product_id: UUID, asked: Asked) -> tuple[Page[Review], Stats]:
    """A page of a product's reviews with their statistics; NoSuchProduct when it is not for everybody to see."""
    if not await reads.on_show(db, product_id):
        raise NoSuchProduct("No product has this id")
    stats = await reviews.stats_of(db, product_id)
    rows = await reviews.reviews_of(db, product_id, asked=asked)
    total = stats.review_count if asked.count else None
    return page_of(rows, lambda row: row, asked=asked, order=reads.NEWEST, total=total), stats


@get("/products/{product_id:uuid}/reviews", opt=PUBLIC)
async def list_reviews(product_id: FromPath[UUID], paging: Paging, db: NamedDependency[Database]) -> ReviewPage:
    """What buyers say of a product."""
    page, stats = await public_page(db, product_id, paging)
    return ReviewPage(
        data=page.data,
        page=page.page,
        per_page=page.per_page,
        next_cursor=page.next_cursor,
        total=page.total,
        stats=stats,
    )


@post("/products/{product_id:uuid}/reviews", guards=[buyer])
async def post_review(
    *,
    product_id: FromPath[UUID],
    data: JSONBody[ReviewForm],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Review:
    """Review what you bought, once."""
    return await reviews.post_review(db, me, product_id=product_id, form=data, now=now)


@get("/sites/{site_id:uuid}/reviews", guards=[may(Permission.VIEW_PRODUCTS)])
async def list_team_reviews(site_id: FromPath[UUID], paging: Paging, db: NamedDependency[Database]) -> Page[TeamReview]:
    """What was said on a site, also what is not shown, and why."""
    rows = await reviews.team_reviews(db, site_id, asked=paging)
    total = await total_of(paging, lambda: reads.count_of_site(db, site_id))
    return page_of(rows, lambda row: row, asked=paging, order=reads.NEWEST_OF_SITE, total=total)


@post(
    "/sites/{site_id:uuid}/reviews/{review_id:uuid}/answer",
    guards=[may(Permission.EDIT_PRODUCTS)],
    status_code=200,
)
async def answer_review(
    *,
    site_id: FromPath[UUID],
    review_id: FromPath[UUID],
    data: JSONBody[Answer],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Review:
    """Answer a buyer, once."""
    return await reviews.answer_review(db, me, site_id=site_id, review_id=review_id, form=data, now=now)


@put("/admin/reviews/{review_id:uuid}/status", guards=[admin])
async def hide_review(
    review_id: FromPath[UUID],
    data: JSONBody[Hide],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> TeamReview:
    """Hide a review for the platform, with a reason that the author reads, or show it again. None is deleted."""
    return await reviews.hide_review(db, me, review_id=review_id, form=data, now=now)


doors: list[Any] = [list_reviews, post_review, list_team_reviews, answer_review, hide_review]
