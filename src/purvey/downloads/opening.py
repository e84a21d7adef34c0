"""An owner downloads: who may, which bytes, does it count, and how the bytes travel."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from purvey import access, storage
from purvey.downloads import rules, store
from purvey.downloads.model import Delivery, Download, DownloadableFile, OwnedFile, Wanted, view_of
from purvey.kit.db import Database, Queries
from purvey.kit.errors import NotAllowed, NotFound
from purvey.storage import Storage

LINK_FOR = timedelta(minutes=5)
GRANT_FOR = timedelta(hours=1)
GRANT_TIMES_SIZE = 2
REQUESTS_AN_HOUR = 10_000  # of one purchase: a download in many small ranges stays below it


class NoDownloadsLeft(NotAllowed):
    """The product's limit of downloads is reached."""

    code = "no_downloads_left"


async def list_files(db: Queries, owner_id: UUID, *, purchase_id: UUID) -> Sequence[DownloadableFile]:
    """What one may download of one's purchase, with what is left of the limit; NotFound, NotPaid, AccessEnded …"""
    return [view_of(file) for file in await files_of(db, owner_id, purchase_id)]


async def files_of(db: Queries, owner_id: UUID, purchase_id: UUID) -> Sequence[OwnedFile]:
    holding = await store.owned(db, purchase_id, owner_id)
    if holding is None:
        raise NotFound("There is no such purchase")
    return rules.open_to_owner(holding)


async def open_download(
    db: Database,
    files: Storage,
    owner_id: UUID,
    *,
    purchase_id: UUID,
    file_id: UUID | None,
    wanted: Wanted,
    now: datetime,
) -> Delivery:
    """Give an owner a file of their purchase: its bytes, a part of them, or a link that is good for five minutes.

    Counts and logs it; a HEAD, a 304 and a range outside the file do neither. Raises NotFound, NotPaid,
    AccessSuspended, AccessEnded, ChooseFile when `file_id` is needed, NoDownloadsLeft, TooMany.
    """
    file = rules.choose(await files_of(db, owner_id, purchase_id), file_id)
    headers = headers_of(file)
    if rules.has_it(wanted, file.etag):
        return Delivery(status=304, headers={"etag": file.etag, "cache-control": headers["cache-control"]})
    if wanted.is_head:
        return Delivery(status=200, headers=headers)
    try:
        part = rules.part_of(wanted, size=file.size_bytes, etag=file.etag)
    except rules.Unsatisfiable:
        return Delivery(status=416, headers={"content-range": f"bytes */{file.size_bytes}"})
    download = Download(purchase_id=purchase_id, user_id=owner_id, file=file, part=part, wanted=wanted, at=now)
    await refuse_flood(db, download)
    link = await files.link(file.storage_key, expires=LINK_FOR)
    if link is None:
        return await stream(db, files, download, headers)
    await begin(db, download, size_bytes=file.size_bytes)  # the link opens all of it, whatever part was asked for
    return Delivery(status=302, headers={"location": link, "cache-control": headers["cache-control"]})


async def stream(db: Database, files: Storage, download: Download, headers: Mapping[str, str]) -> Delivery:
    """The bytes themselves. The first are read before it is counted, so that a lost file costs nobody a download."""
    span, size = download.span, download.file.size_bytes
    chunks = files.read(download.file.storage_key, start=span.start, end=span.end)
    first = await anext(chunks, b"")
    await begin(db, download, size_bytes=span.length)
    if download.part is None:
        return Delivery(status=200, headers=headers, chunks=led_by(first, chunks))
    some = {"content-range": f"bytes {span.start}-{span.end - 1}/{size}", "content-length": str(span.length)}
    return Delivery(status=206, headers={**headers, **some}, chunks=led_by(first, chunks))


async def begin(db: Database, download: Download, *, size_bytes: int) -> None:
    """Count the download, unless it goes on with one whose grant covers these bytes, and log it; NoDownloadsLeft."""
    if download.goes_on and await store.go_on(db, download, size_bytes=size_bytes):
        return
    file = download.file
    grant_bytes = GRANT_TIMES_SIZE * file.size_bytes
    if not await store.begin(db, download, grant_until=download.at + GRANT_FOR, grant_bytes=grant_bytes):
        raise NoDownloadsLeft(
            f"All {file.most} downloads of this file are used; ask the author for more",
            extra={"maxDownloads": file.most},
        )


async def refuse_flood(db: Database, download: Download) -> None:
    await access.throttle(
        db,
        key=f"downloads:{download.purchase_id}",
        limit=REQUESTS_AN_HOUR,
        window=timedelta(hours=1),
        now=download.at,
        detail="Too many parts in an hour; ask for larger ranges",
    )


def headers_of(file: OwnedFile) -> Mapping[str, str]:
    return {
        "content-type": file.mime_type,
        "content-length": str(file.size_bytes),
        "content-disposition": storage.content_disposition(file.file_name),
        "etag": file.etag,
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox",
    }


async def led_by(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream whose beginning was read already."""
    yield first
    async for chunk in rest:
        yield chunk
