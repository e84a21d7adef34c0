"""What buyers say of products, in the source's words (B14). Wallets are public, so who speaks must have signed in."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey import reviews
from purvey.access import Identity
from purvey.access.guards import PUBLIC, buyer
from purvey.access.siwa import find_user_of_wallet
from purvey.agents.products import Cursor, Limit
from purvey.kit.addresses import Address
from purvey.kit.db import Database
from purvey.kit.errors import Unauthenticated
from purvey.kit.pages import PER_PAGE, Asked
from purvey.reviews import Review, ReviewForm
from purvey.reviews.http import public_page
from purvey.reviews.model import Rating, Text


class ReviewView(msgspec.Struct, kw_only=True):
    """What a buyer said, and what the author answered."""

    id: UUID
    buyer_name: str
    rating: int
    review_text: str | None
    created_at: datetime
    answer: str | None
    answered_at: datetime | None


class StatsView(msgspec.Struct, kw_only=True):
    """Of every review that is shown; the average of none is 0."""

    average_rating: float
    review_count: int


class ReviewList(msgspec.Struct, kw_only=True):
    reviews: list[ReviewView]
    stats: StatsView
    next_cursor: str | None


class NewReview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a buyer says, and the wallet that bought."""

    rating: Rating
    review_text: Text | None = None
    buyer_wallet_address: Address


class Posted(msgspec.Struct, kw_only=True):
    success: bool
    review: ReviewView


@get("/products/{product_id:uuid}/reviews", opt=PUBLIC)
async def list_reviews(
    product_id: FromPath[UUID], db: NamedDependency[Database], limit: Limit = PER_PAGE, cursor: Cursor = None
) -> ReviewList:
    """What buyers say of a product, the newest first."""
    page, stats = await public_page(db, product_id, Asked(per_page=limit, cursor=cursor or None))
    return ReviewList(
        reviews=[seen(review) for review in page.data],
        stats=StatsView(average_rating=stats.average_rating or 0, review_count=stats.review_count),
        next_cursor=page.next_cursor,
    )


@post("/products/{product_id:uuid}/reviews", guards=[buyer])
async def post_review(
    *,
    product_id: FromPath[UUID],
    data: JSONBody[NewReview],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Posted:
    """Review what this wallet bought, once. Its receipt must come along, or its owner's session."""
    if await find_user_of_wallet(db, data.buyer_wallet_address) != me.user_id:
        raise Unauthenticated("Sign in with this wallet: anybody can name it, and only its receipt is its word")
    form = ReviewForm(rating=data.rating, text=data.review_text)
    return Posted(
        success=True, review=seen(await reviews.post_review(db, me, product_id=product_id, form=form, now=now))
    )


def seen(review: Review) -> ReviewView:
    """As the source shows it."""
    return ReviewView(
        id=review.id,
        buyer_name=review.buyer_name,
        rating=review.rating,
        review_text=review.text,
        created_at=review.created_at,
        answer=review.answer,
        answered_at=review.answered_at,
    )


doors: list[Any] = [list_reviews, post_review]
