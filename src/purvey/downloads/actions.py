"""What a seller can do about a buyer's downloads: look on, and let them start anew."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from purvey import access
from purvey.access import Identity
from purvey.downloads import store
from purvey.downloads.model import DownloadableFile, DownloadView, view_of
from purvey.kit.db import Database, Queries
from purvey.kit.errors import NotFound
from purvey.kit.pages import Asked, Page, page_of, total_of


async def list_downloads(db: Queries, *, site_id: UUID, purchase_id: UUID, asked: Asked) -> Page[DownloadView]:
    """A sale's downloads for who sold it, the newest first; NotFound."""
    rows = await store.logged(db, purchase_id, site_id, asked)
    if not rows and not await store.sold_here(db, purchase_id, site_id):
        raise NotFound("There is no such purchase on this site")
    total = await total_of(asked, lambda: store.count_logged(db, purchase_id))
    return page_of(rows, lambda row: DownloadView(**row), asked=asked, order=store.NEWEST_FIRST, total=total)


async def reset_downloads(
    db: Database, me: Identity, *, site_id: UUID, purchase_id: UUID, now: datetime
) -> Sequence[DownloadableFile]:
    """Let a buyer download all over again; the log stays. The files, with what is left; NotFound."""
    async with db.transaction() as tx:
        if not await store.sold_here(tx, purchase_id, site_id):
            raise NotFound("There is no such purchase on this site")
        await store.start_anew(tx, purchase_id)
        await access.audit(
            tx, me, action="downloads.reset", subject_type="purchase", subject_id=purchase_id, detail={}, now=now
        )
        holding = await store.sold(tx, purchase_id, site_id)
    return [view_of(file) for file in holding.files] if holding else []
