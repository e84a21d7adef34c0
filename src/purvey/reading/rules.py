"""Who may read what. Pure."""

from uuid import UUID

import msgspec

from purvey.content import AccessLevel, ReadableChapter


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a reader stands to a chapter."""

    belongs: bool = False
    owns_chapter: bool = False
    owns_opener: bool = False


class Access(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether a chapter may be read, and else what would help: buying it at `price`, or one of `openedBy`.

    `price_with_tax` is what is paid.
    """

    has_access: bool
    needs_purchase: bool
    price: int | None
    price_with_tax: int | None
    tax_rate_bps: int
    currency_code: str
    has_subscription_access: bool
    access_level: AccessLevel
    opened_by: list[UUID]


def access_of(chapter: ReadableChapter, standing: Standing) -> Access:
    """Whether somebody who stands so may read it. What was bought stays readable, even when it is off the site."""
    paid = chapter.access_level is AccessLevel.PAID
    by_subscription = chapter.access_level is AccessLevel.SUBSCRIBERS and chapter.on_show and standing.owns_opener
    free = chapter.access_level is AccessLevel.FREE and chapter.on_show
    may = standing.belongs or standing.owns_chapter or free or by_subscription
    return Access(
        has_access=may,
        needs_purchase=paid and not may,
        price=chapter.price_amount if paid else None,
        price_with_tax=chapter.price_with_tax if paid else None,
        tax_rate_bps=chapter.tax_rate_bps,
        currency_code=chapter.currency,
        has_subscription_access=by_subscription,
        access_level=chapter.access_level,
        opened_by=chapter.opened_by if chapter.access_level is AccessLevel.SUBSCRIBERS else [],
    )


def may_know_of(chapter: ReadableChapter, access: Access) -> bool:
    """Whether it exists for them: it is on show, or they may read it anyway."""
    return chapter.on_show or access.has_access
