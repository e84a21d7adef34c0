"""What an author does with series."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET

from purvey import access, catalog
from purvey.access import Identity
from purvey.content import forms, rules, store
from purvey.content.forms import CreateSeries, UpdateSeries
from purvey.content.model import Series
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import NotFound
from purvey.kit.ids import new_id
from purvey.kit.versions import refuse_changed, refuse_stale
from purvey.tenants import Site

SUBJECT = "series"


async def create_series(db: Database, me: Identity, *, site: Site, form: CreateSeries, now: datetime) -> Series:
    """A new series of a site; SlugTaken, NotAllowed, Invalid."""
    title = form.title.strip()
    access.refuse_pricing(me, ["/openedBy"] if form.opened_by else [])
    async with db.transaction() as tx:
        await catalog.refuse_strangers(tx, site.id, form.opened_by, pointer="/openedBy")
        candidates = rules.slug_candidates(title, default="series")
        id = new_id()
        series = Series(
            id=id,
            tenant_id=site.tenant_id,
            site_id=site.id,
            title=title,
            slug=form.slug or await store.free_series_slug(tx, site.id, candidates) or f"series-{id}",
            description=form.description,
            is_published=form.is_published,
            opened_by=sorted(set(form.opened_by)),
            created_at=now,
            updated_at=now,
        )
        if not await store.insert_series(tx, series):
            raise rules.slug_taken(series.slug, of="series of this site")
        await store.set_openers(tx, series.id, series.opened_by)
        await access.audit(
            tx, me, action="series.created", subject_type=SUBJECT, subject_id=series.id,
            detail={"title": title, "slug": series.slug}, now=now,
        )  # fmt: skip
    return series


async def find_series(db: Queries, site_id: UUID, series_id: UUID) -> Series:
    """A series of a site; NotFound."""
    return there(await store.find_series(db, site_id, series_id))


async def change_series(
    db: Database,
    me: Identity,
    site_id: UUID,
    series_id: UUID,
    *,
    form: UpdateSeries,
    if_match: str | None,
    now: datetime,
) -> Series:
    """New values for some fields; StaleVersion, Stale, SlugTaken, NotAllowed, Invalid."""
    async with db.transaction() as tx:
        before = await locked_series(tx, site_id, series_id)
        refuse_stale(before.version, sent=form.version, if_match=if_match)
        refuse_changed(form, forms.series_view(before), *forms.SERIES_READ_ONLY)
        values = forms.changes_of(form, "title", "slug", "description", "is_published", "opened_by")
        if "title" in values:
            values["title"] = values["title"].strip()
        if "opened_by" in values:
            values["opened_by"] = sorted(set(values["opened_by"]))
        after = msgspec.structs.replace(before, **values)
        if after == before:
            return before
        after = msgspec.structs.replace(after, version=before.version + 1, updated_at=now)
        if form.opened_by is not UNSET and after.opened_by != before.opened_by:
            access.refuse_pricing(me, ["/openedBy"])
            await catalog.refuse_strangers(tx, site_id, form.opened_by, pointer="/openedBy")
            await store.set_openers(tx, series_id, after.opened_by)
        if not await store.update_series(tx, after):
            raise rules.slug_taken(after.slug, of="series of this site")
        await access.audit(
            tx, me, action="series.updated", subject_type=SUBJECT, subject_id=series_id,
            detail=access.changes(before, after), now=now,
        )  # fmt: skip
    return after


async def remove_series(
    db: Database, me: Identity, site_id: UUID, series_id: UUID, *, if_match: str | None, now: datetime
) -> None:
    """Take a series and its chapters away; who bought a chapter still reads it."""
    async with db.transaction() as tx:
        series = await locked_series(tx, site_id, series_id)
        refuse_stale(series.version, if_match=if_match)
        await store.delete_series(tx, series_id, now)
        await access.audit(
            tx, me, action="series.deleted", subject_type=SUBJECT, subject_id=series_id,
            detail={"title": series.title}, now=now,
        )  # fmt: skip


async def locked_series(tx: Tx, site_id: UUID, series_id: UUID) -> Series:
    """A series that nobody else changes, nor its chapters, until this transaction ends; NotFound."""
    return there(await store.lock_series(tx, site_id, series_id))


def there(series: Series | None) -> Series:
    if series is None:
        raise NotFound("There is no such series on this site")
    return series
