"""A review, and what all those of a product come to."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from purvey.kit.fields import WITH_A_WORD, WITHOUT_NUL, Reason

TEXT_MAX = 500
ANSWER_MAX = 2_000
MOST_STARS = 5

Rating = Annotated[int, msgspec.Meta(ge=1, le=MOST_STARS, description="Stars")]
Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX, pattern=WITHOUT_NUL)]


class Review(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a buyer said. `buyer_name` is the one given with the purchase, else the person's own."""

    id: UUID
    buyer_name: str
    rating: int
    text: str | None
    answer: str | None
    answered_at: datetime | None
    created_at: datetime


class TeamReview(Review, frozen=True, kw_only=True, rename="camel"):
    """The same for the seller, also when it is not shown: its purchase was refunded, or the platform hides it."""

    product_id: UUID
    product_name: str
    is_shown: bool
    hidden_reason: str | None


class Stats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the reviews that are shown. The average has two decimals; without a review there is none."""

    average_rating: float | None
    review_count: int


class ReviewForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a buyer says."""

    rating: Rating
    text: Text | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What the author says to it, once."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=ANSWER_MAX, pattern=WITH_A_WORD)]


class Hide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The platform hides a review, with the reason that the author reads, or shows it again."""

    is_hidden: bool
    reason: Reason | None = None
