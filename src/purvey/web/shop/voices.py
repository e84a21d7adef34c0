"""What buyers say of a product, as its page shows it (B14)."""

from typing import Final
from uuid import UUID

import msgspec

from purvey import reviews
from purvey.access import Identity
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.reviews import Review, Stats
from purvey.reviews.reads import NEWEST

PER_PAGE: Final = 10
MOST_PAGES: Final = lists.DEPTH_MAX // PER_PAGE
STARS: Final = [(stars, "★" * stars + "☆" * (5 - stars)) for stars in range(5, 0, -1)]


class Voices(msgspec.Struct, frozen=True):
    """A page of reviews, what they all come to, and whether the visitor may add one."""

    found: lists.Page[Review]
    stats: Stats
    may_speak: bool


async def voices(db: Database, product_id: UUID, *, visitor: Identity | None, number: int = 1) -> Voices:
    """What is said of a product; to who bought it, also the form."""
    asked = lists.asked(min(max(number, 1), MOST_PAGES), PER_PAGE)
    rows = await reviews.reviews_of(db, product_id, asked=asked)
    return Voices(
        found=lists.page_of(rows, lambda row: row, asked=asked, order=NEWEST),
        stats=await reviews.stats_of(db, product_id),
        may_speak=visitor is not None and await reviews.may_review(db, visitor.user_id, product_id),
    )
