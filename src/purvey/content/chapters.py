"""What an author does with chapters. Whoever writes one holds its series, so that slugs and numbers are seen."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET

from purvey import access
from purvey.access import Identity, Permission
from purvey.content import forms, rules, store
from purvey.content.forms import CreateChapter, UpdateChapter
from purvey.content.model import AccessLevel, Chapter
from purvey.content.series import locked_series
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Invalid, NotFound
from purvey.kit.ids import new_id
from purvey.kit.versions import refuse_changed, refuse_stale
from purvey.tenants import Site

SUBJECT = "chapter"
PLAIN = ("title", "slug", "number", "body", "access_level", "price", "currency_code", "is_published")


async def create_chapter(db: Database, me: Identity, *, site: Site, form: CreateChapter, now: datetime) -> Chapter:
    """A new chapter of a series; SlugTaken, NumberTaken, TooManyChapters, NotAllowed, Invalid."""
    title, id = form.title.strip(), new_id()
    may_price = Permission.EDIT_PRODUCT_PRICE in me.permissions
    is_published = may_price if form.is_published is UNSET else form.is_published
    async with db.transaction() as tx:
        await hold_series(tx, site.id, form.series_id)
        candidates = rules.slug_candidates(title, default="chapter")
        chapter = Chapter(
            id=id,
            tenant_id=site.tenant_id,
            site_id=site.id,
            series_id=form.series_id,
            title=title,
            slug=form.slug or await store.free_chapter_slug(tx, form.series_id, candidates) or f"chapter-{id}",
            number=form.number or 0,
            body=form.body,
            access_level=form.access_level,
            price_amount=form.price,
            currency=form.currency_code or site.currency,
            is_published=is_published,
            first_published_at=now if is_published else None,
            created_at=now,
            updated_at=now,
        )
        access.refuse_pricing(me, deciding(free_draft(chapter), chapter))
        rules.refuse_unsound(chapter)
        chapter = await placed(tx, chapter, number=form.number)
        await store.insert_chapter(tx, chapter)
        await access.audit(
            tx, me, action="chapter.created", subject_type=SUBJECT, subject_id=id,
            detail={"title": title, "seriesId": form.series_id, "accessLevel": chapter.access_level}, now=now,
        )  # fmt: skip
    return chapter


async def placed(tx: Tx, chapter: Chapter, *, number: int | None) -> Chapter:
    """The chapter in its place, or as the last one when no place was asked for."""
    others = await store.neighbours(tx, chapter)
    if others.count >= rules.MAX_CHAPTERS:
        raise rules.TooManyChapters(
            f"This series has {others.count} chapters, which is the limit; begin another one",
            extra={"limit": rules.MAX_CHAPTERS},
        )
    if number is None:
        chapter = msgspec.structs.replace(chapter, number=others.last + 1)
    elif others.number_taken:
        raise rules.number_taken(number)
    if others.slug_taken:
        raise rules.slug_taken(chapter.slug, of="chapter of this series")
    return chapter


async def hold_series(tx: Tx, site_id: UUID, series_id: UUID) -> None:
    try:
        await locked_series(tx, site_id, series_id)
    except NotFound as missing:
        raise Invalid.field("/seriesId", missing.detail, code="unknown_series") from None


async def find_chapter(db: Queries, site_id: UUID, chapter_id: UUID) -> Chapter:
    """A chapter of a site; NotFound."""
    return there(await store.find_chapter(db, site_id, chapter_id))


async def change_chapter(
    db: Database,
    me: Identity,
    site_id: UUID,
    chapter_id: UUID,
    *,
    form: UpdateChapter,
    if_match: str | None,
    now: datetime,
) -> Chapter:
    """New values for some fields; StaleVersion, Stale, SlugTaken, NumberTaken, NotAllowed, Invalid."""
    async with db.transaction() as tx:
        before = await locked_chapter(tx, site_id, chapter_id)
        refuse_stale(before.version, sent=form.version, if_match=if_match)
        refuse_changed(form, forms.chapter_view(before), *forms.CHAPTER_READ_ONLY)
        values = forms.changes_of(form, *PLAIN)
        if "title" in values:
            values["title"] = values["title"].strip()
        after = msgspec.structs.replace(before, **values)
        if after == before:
            return before
        first = before.first_published_at or (now if after.is_published else None)
        after = msgspec.structs.replace(after, first_published_at=first, version=before.version + 1, updated_at=now)
        access.refuse_pricing(me, deciding(before, after))
        rules.refuse_unsound(after)
        await refuse_taken(tx, after)
        await store.update_chapter(tx, after)
        await access.audit(
            tx, me, action="chapter.updated", subject_type=SUBJECT, subject_id=chapter_id,
            detail=what_changed(before, after), now=now,
        )  # fmt: skip
    return after


def costs_of(chapter: Chapter) -> dict[str, object]:
    """What decides what readers pay, by the fields that say it. `isPublished`: whether it ever was."""
    return {
        "/accessLevel": chapter.access_level,
        "/price": chapter.price_amount,
        "/currencyCode": chapter.currency,
        "/isPublished": chapter.is_published or chapter.first_published_at is not None,
    }


def deciding(before: Chapter, after: Chapter) -> list[str]:
    """The fields that would decide anew what readers pay."""
    was = costs_of(before)
    return [pointer for pointer, value in costs_of(after).items() if value != was[pointer]]


def free_draft(chapter: Chapter) -> Chapter:
    """The same while nobody has decided what readers pay."""
    return msgspec.structs.replace(
        chapter, access_level=AccessLevel.FREE, price_amount=None, is_published=False, first_published_at=None
    )


async def refuse_taken(tx: Tx, chapter: Chapter) -> None:
    others = await store.neighbours(tx, chapter)
    if others.slug_taken:
        raise rules.slug_taken(chapter.slug, of="chapter of this series")
    if others.number_taken:
        raise rules.number_taken(chapter.number)


def what_changed(before: Chapter, after: Chapter) -> dict[str, object]:
    """The changes for the audit log, which says that the text changed but does not keep it twice."""
    changed: dict[str, object] = dict(access.changes(before, after))
    if "body" in changed:
        changed["body"] = [len(before.body), len(after.body)]
    return changed


async def remove_chapter(
    db: Database, me: Identity, site_id: UUID, chapter_id: UUID, *, if_match: str | None, now: datetime
) -> None:
    """Take a chapter away; who bought it still reads it."""
    async with db.transaction() as tx:
        chapter = await locked_chapter(tx, site_id, chapter_id)
        refuse_stale(chapter.version, if_match=if_match)
        await store.delete_chapter(tx, chapter_id, now)
        await access.audit(
            tx, me, action="chapter.deleted", subject_type=SUBJECT, subject_id=chapter_id,
            detail={"title": chapter.title}, now=now,
        )  # fmt: skip


async def locked_chapter(tx: Tx, site_id: UUID, chapter_id: UUID) -> Chapter:
    """A chapter whose series is held; NotFound."""
    found = there(await store.find_chapter(tx, site_id, chapter_id))
    await locked_series(tx, site_id, found.series_id)
    return there(await store.find_chapter(tx, site_id, chapter_id))


def there(chapter: Chapter | None) -> Chapter:
    if chapter is None:
        raise NotFound("There is no such chapter on this site")
    return chapter
