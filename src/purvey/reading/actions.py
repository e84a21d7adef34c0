"""Coming to a chapter."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import access, content, entitlements
from purvey.access import Identity, Permission
from purvey.content import AccessLevel, ReadableChapter
from purvey.kit.db import Queries
from purvey.kit.errors import NotAllowed, NotFound
from purvey.reading import rules
from purvey.reading.rules import Access, Standing


class NoAccess(NotAllowed):
    """The chapter must be bought, or a product that opens it; the body says which."""

    code = "needs_purchase"


class Chapter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A chapter to read, with its neighbours on show."""

    id: UUID
    series_id: UUID
    series_title: str
    series_slug: str
    title: str
    slug: str
    number: int
    body: str
    access_level: AccessLevel
    previous_id: UUID | None
    next_id: UUID | None
    updated_at: datetime


async def check_access(db: Queries, reader: Identity | None, chapter_id: UUID) -> Access:
    """Whether somebody, or nobody known, may read a chapter; NotFound when it does not exist for them."""
    _, allowed = await approach(db, reader, chapter_id)
    return allowed


async def read_chapter(db: Queries, reader: Identity | None, chapter_id: UUID) -> Chapter:
    """The chapter itself; NoAccess says what would help, NotFound."""
    chapter, allowed = await approach(db, reader, chapter_id)
    if not allowed.has_access:
        raise no_access(allowed)
    return Chapter(**{name: getattr(chapter, name) for name in Chapter.__struct_fields__})


def no_access(allowed: Access) -> NoAccess:
    known = msgspec.to_builtins(allowed)
    if allowed.needs_purchase:
        return NoAccess("Buy this chapter to read it: POST /v1/chapters/{chapterId}/purchase", extra=known)
    return NoAccess(
        "This chapter is for subscribers: buy one of the products in `openedBy`", code="needs_subscription", extra=known
    )


async def approach(db: Queries, reader: Identity | None, chapter_id: UUID) -> tuple[ReadableChapter, Access]:
    """The chapter, and what this reader may do with it; NotFound when it is not for them to know of."""
    chapter = await content.readable_chapter(db, chapter_id)
    allowed = rules.access_of(chapter, Standing())
    if reader is not None and not allowed.has_access:
        allowed = rules.access_of(chapter, await standing_of(db, reader, chapter))
    if not rules.may_know_of(chapter, allowed):
        raise NotFound("There is no such chapter")
    return chapter, allowed


async def standing_of(db: Queries, reader: Identity, chapter: ReadableChapter) -> Standing:
    """What the reader owns of it; whether they are of the site's team is asked last, for few are."""
    if Permission.MAKE_PURCHASES in reader.permissions:
        standing = await standing_of_buyer(db, reader, chapter)
        if standing is not None:
            return standing
    there = await access.at_site(db, reader, chapter.site_id)
    return Standing(belongs=Permission.VIEW_PRODUCTS in there.permissions)


async def standing_of_buyer(db: Queries, reader: Identity, chapter: ReadableChapter) -> Standing | None:
    """What they bought that opens it, if anything."""
    if await entitlements.owns_chapter(db, reader.user_id, chapter.id):
        return Standing(owns_chapter=True)
    for_subscribers = chapter.on_show and chapter.access_level is AccessLevel.SUBSCRIBERS
    if for_subscribers and await entitlements.owns_any(db, reader.user_id, chapter.opened_by):
        return Standing(owns_opener=True)
    return None
