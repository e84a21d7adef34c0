"""A series, its chapters, and who may read them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from purvey.pricing import Tax, paid_for


class AccessLevel(StrEnum):
    """Everybody; who bought the chapter; who owns a product that opens the series (ruling 17)."""

    FREE = "FREE"
    PAID = "PAID"
    SUBSCRIBERS = "SUBSCRIBERS"


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Chapters in an order, on a site. `opened_by` are the products whose owners read its SUBSCRIBERS chapters."""

    id: UUID
    tenant_id: UUID
    site_id: UUID
    title: str
    slug: str
    description: str | None
    is_published: bool
    opened_by: list[UUID]
    chapter_count: int = 0
    version: int = 1
    created_at: datetime
    updated_at: datetime


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """Something to read. `price_amount` is in minor units; it is asked for PAID chapters alone."""

    id: UUID
    tenant_id: UUID
    site_id: UUID
    series_id: UUID
    title: str
    slug: str
    number: int
    body: str
    access_level: AccessLevel
    price_amount: int | None
    currency: str
    is_published: bool
    first_published_at: datetime | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime


class ReadableChapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter as a reader comes to it, wherever it stands.

    `on_show`: published in a published series, neither deleted. `opened_by` are its series' products;
    `previous_id` and `next_id` its neighbours on show.
    """

    id: UUID
    tenant_id: UUID
    site_id: UUID
    series_id: UUID
    series_title: str
    series_slug: str
    title: str
    slug: str
    number: int
    body: str
    access_level: AccessLevel
    price_amount: int | None
    currency: str
    tax_rate_bps: int
    tax_inclusive: bool
    on_show: bool
    opened_by: list[UUID]
    previous_id: UUID | None
    next_id: UUID | None
    updated_at: datetime

    @property
    def price_with_tax(self) -> int | None:
        """What is paid for it."""
        if self.price_amount is None:
            return None
        return paid_for(self.price_amount, self.currency, Tax(rate_bps=self.tax_rate_bps, inclusive=self.tax_inclusive))
