"""What an author sends, and what is shown of series and chapters."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from purvey.content.model import AccessLevel, Chapter, Series
from purvey.kit.fields import INT4_MAX, WITH_A_WORD, WITHOUT_NUL, CurrencyCode, PositiveAmount, Slug, Time
from purvey.kit.ids import Id
from purvey.kit.versions import Version

MAX_OPENERS = 100
MAX_BODY = 250_000

Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=WITH_A_WORD)]
Description = Annotated[str, Meta(max_length=20_000, pattern=WITHOUT_NUL)]
Openers = Annotated[
    list[Id], Meta(max_length=MAX_OPENERS, description="Products whose owners read the SUBSCRIBERS chapters")
]
Number = Annotated[int, Meta(ge=0, le=INT4_MAX, description="Its place in the series")]
Body = Annotated[str, Meta(max_length=MAX_BODY, pattern=WITHOUT_NUL)]


class CreateSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A new series; without a slug, one is made of its title."""

    title: Title
    slug: Slug | None = None
    description: Description | None = None
    is_published: bool = True
    opened_by: Openers = []


class UpdateSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What shall change: a missing field stays, null clears. A whole series as it was read may be sent back."""

    version: Version | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    is_published: bool | UnsetType = UNSET
    opened_by: Openers | UnsetType = UNSET

    id: Id | UnsetType = UNSET
    site_id: Id | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET

    updated_at: Any = UNSET
    chapter_count: Any = UNSET


class SeriesView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A series as its author sees it; `chapterCount` counts those not published too."""

    id: UUID
    site_id: UUID
    title: str
    slug: str
    description: str | None
    is_published: bool
    opened_by: list[UUID]
    chapter_count: int
    version: int
    created_at: datetime
    updated_at: datetime


class CreateChapter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A new chapter; without a number it comes last, without a currency its price is in the site's.

    It is published at once, unless `isPublished` is false. From somebody without EditProductPrice it is a draft, until
    somebody with it decides what readers pay.
    """

    series_id: Id
    title: Title
    slug: Slug | None = None
    number: Number | None = None
    body: Body = ""
    access_level: AccessLevel = AccessLevel.FREE
    price: PositiveAmount | None = None
    currency_code: CurrencyCode | None = None
    is_published: bool | UnsetType = UNSET


class UpdateChapter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What shall change: a missing field stays, null clears. A whole chapter as it was read may be sent back."""

    version: Version | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    number: Number | UnsetType = UNSET
    body: Body | UnsetType = UNSET
    access_level: AccessLevel | UnsetType = UNSET
    price: PositiveAmount | UnsetType | None = UNSET
    currency_code: CurrencyCode | UnsetType = UNSET
    is_published: bool | UnsetType = UNSET

    id: Id | UnsetType = UNSET
    site_id: Id | UnsetType = UNSET
    series_id: Id | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET

    updated_at: Any = UNSET


class ChapterLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A chapter in an author's list, without its text."""

    id: UUID
    site_id: UUID
    series_id: UUID
    title: str
    slug: str
    number: int
    access_level: AccessLevel
    price: int | None
    currency_code: str
    is_published: bool
    version: int
    created_at: datetime
    updated_at: datetime


class ChapterView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A chapter as its author sees it."""

    id: UUID
    site_id: UUID
    series_id: UUID
    title: str
    slug: str
    number: int
    body: str
    access_level: AccessLevel
    price: int | None
    currency_code: str
    is_published: bool
    version: int
    created_at: datetime
    updated_at: datetime


SERIES_READ_ONLY = ("id", "site_id", "created_at")
CHAPTER_READ_ONLY = ("id", "site_id", "series_id", "created_at")


def series_view(series: Series) -> SeriesView:
    return SeriesView(**{name: getattr(series, name) for name in SeriesView.__struct_fields__})


def chapter_line(chapter: Chapter) -> ChapterLine:
    return ChapterLine(**shown(chapter, ChapterLine.__struct_fields__))


def chapter_view(chapter: Chapter) -> ChapterView:
    return ChapterView(**shown(chapter, ChapterView.__struct_fields__))


def shown(chapter: Chapter, names: tuple[str, ...]) -> dict[str, Any]:
    renamed = {"price": "price_amount", "currency_code": "currency"}
    return {name: getattr(chapter, renamed.get(name, name)) for name in names}


def changes_of(form: UpdateSeries | UpdateChapter, *names: str) -> dict[str, Any]:
    """What was sent of these fields, by their names in the model."""
    renamed = {"price": "price_amount", "currency_code": "currency"}
    return {renamed.get(name, name): getattr(form, name) for name in names if getattr(form, name) is not UNSET}
