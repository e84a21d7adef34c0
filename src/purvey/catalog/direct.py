"""A file that its author sends straight to the store: asked for, put there, confirmed (B12, ruling 32).

What was put is believed only after it was copied to a key that its sender cannot reach, and the copy was looked
through. What is never confirmed stays a stray, and is swept.
"""

import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from purvey import storage
from purvey.access import Identity
from purvey.catalog import files, zips
from purvey.catalog.uploads import Target, count_upload, find_target, hold_target, placing
from purvey.catalog.views import FileView
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, Invalid, NotFound, TooLarge
from purvey.kit.fields import WITHOUT_NUL
from purvey.kit.ids import Id, new_id
from purvey.kit.uploads import HEAD_BYTES, Upload, chain
from purvey.settings import Settings
from purvey.storage import Storage

PUT_WITHIN = timedelta(hours=1)
CONFIRM_WITHIN = timedelta(hours=20)  # before the sweep of strays may take it
CONFIRMING_FOR = timedelta(minutes=10)
MOST_AT_ONCE_BYTES = 5 * 1024**3  # the most that object stores take by one PUT
RETRY_AFTER_SECONDS = 2
ZIP_TYPES = {"application/zip", "application/x-zip-compressed", "application/x-zip"}
PATH = "/uploads"


class NotUploaded(Conflict):
    """Nothing was put at the upload's address yet."""

    code = "not_uploaded"


class UploadOver(Conflict):
    """The upload's time is over, or its address was used."""

    code = "upload_over"


class BeingConfirmed(Conflict):
    """Another request is looking through the same upload."""

    code = "upload_being_confirmed"


class BeginUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What will be sent. `replaces` is the file of the product that it is a new version of; without it, the only
    file or the one of the same name is replaced, or else it is another file.
    """

    file_name: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000, pattern=WITHOUT_NUL)]
    content_type: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WITHOUT_NUL)]
    replaces: Id | None = None


class UploadTicket(msgspec.Struct, kw_only=True, rename="camel"):
    """PUT at most `max_bytes` to `upload_url` before `expires_at`, without credentials; then confirm."""

    id: UUID
    upload_url: str
    max_bytes: int
    expires_at: datetime


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that was asked for."""

    id: UUID
    product_id: UUID
    file_name: str
    is_zip: bool
    replaces: UUID | None
    max_bytes: int
    file_id: UUID | None
    created_at: datetime

    @property
    def key(self) -> str:
        """Where it is put until it is confirmed."""
        return staging_key(self.id)


AWAITED = "id, product_id, file_name, is_zip, replaces, max_bytes, file_id, created_at"

BEGIN = """
insert into uploads
    (id, tenant_id, product_id, begun_by, file_name, is_zip, replaces, max_bytes, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

# Its address is used from now on, unless it was before or its time is over: then there is no row.
RECEIVE = f"""
update uploads
set received_at = $2
where id = $1
    and received_at is null
    and expires_at > $2
returning {AWAITED}
"""

# Nothing came after all, so that it may be sent again.
GIVE_BACK = "update uploads set received_at = null where id = $1"

FIND = f"select {AWAITED} from uploads where id = $1 and product_id = $2"

# To look through it alone for a while; no row while somebody else does.
TAKE = """
update uploads
set confirming_until = $2
where id = $1
    and (confirming_until is null or confirming_until <= $3)
returning id
"""

LET_GO = "update uploads set confirming_until = null where id = $1"

# It became this file of the product, once.
ATTACH = """
update uploads
set file_id = $2
where id = $1
    and file_id is null
returning id
"""

# Which file of the product it is a new version of: the only one, or the newest of that name.
REPLACED = """
select f.id
from product_files f
join file_versions v on v.id = f.current_version_id
where f.product_id = $1
    and f.removed_at is null
    and (v.file_name = $2 or 1 = (select count(*) from product_files where product_id = $1 and removed_at is null))
order by f.position desc, f.id desc
limit 1
"""


def staging_key(upload_id: UUID) -> str:
    return f"staging/{upload_id}"


async def begin_upload(
    db: Database,
    store: Storage,
    settings: Settings,
    me: Identity,
    *,
    site_id: UUID,
    product_id: UUID,
    form: BeginUpload,
    now: datetime,
) -> UploadTicket:
    """An address that takes one file for a product; TooMany beyond the day's uploads, StorageFull."""
    target = await find_target(db, site_id, product_id)
    is_zip = form.content_type.partition(";")[0].strip().lower() in ZIP_TYPES
    if target.zip_only and not is_zip:
        raise Invalid.field("/contentType", "Only ZIP archives are sold here: send application/zip", code="not_a_zip")
    if form.replaces is not None:
        await files.find_file(db, product_id, form.replaces)
    most = min(target.file_bytes, MOST_AT_ONCE_BYTES, await files.room_of(db, target))
    await count_upload(db, target, now=now)
    upload_id, expires_at = new_id(), now + PUT_WITHIN
    await storage.expect(db, [staging_key(upload_id)], now=now)
    await db.do(
        BEGIN,
        upload_id,
        target.tenant_id,
        product_id,
        me.user_id,
        storage.shown_name(form.file_name),
        is_zip or target.zip_only,
        form.replaces,
        most,
        now,
        expires_at,
    )
    url = await store.put_link(staging_key(upload_id), expires=PUT_WITHIN) or own_address(
        settings, upload_id, expires_at
    )
    return UploadTicket(id=upload_id, upload_url=url, max_bytes=most, expires_at=expires_at)


def own_address(settings: Settings, upload_id: UUID, expires_at: datetime) -> str:
    """Where the shop itself takes the bytes, when its store cannot."""
    expires = int(expires_at.timestamp())
    return f"{settings.base_url}{PATH}/{upload_id}?expires={expires}&signature={sign(settings, upload_id, expires)}"


def sign(settings: Settings, upload_id: UUID, expires: int) -> str:
    return settings.secret_key.sign(f"upload\n{upload_id}\n{expires}".encode()).hex()


def refuse_forged(settings: Settings, upload_id: UUID, *, expires: int, signature: str, now: datetime) -> None:
    """NotFound for an address that we did not give out; UploadOver when its time is over."""
    if not hmac.compare_digest(sign(settings, upload_id, expires).encode(), signature.encode()):
        raise NotFound("There is no such upload address")
    if datetime.fromtimestamp(expires, UTC) <= now:
        raise UploadOver("This upload address has expired; ask for another one")


async def receive_upload(
    db: Database, store: Storage, *, upload_id: UUID, chunks: AsyncIterator[bytes], announced: str, now: datetime
) -> None:
    """Keep what is put at an address of ours, once; TooLarge, UploadOver. What breaks off may be sent again.

    `announced` is the Content-Length, for a refusal before a byte is read.
    """
    upload = await db.maybe(Awaited, RECEIVE, upload_id, now)
    if upload is None:
        raise UploadOver("This upload address has been used or has expired; ask for another one")
    try:
        if announced.isascii() and announced.isdigit() and int(announced) > upload.max_bytes:
            raise TooLarge(f"The file is over {upload.max_bytes} bytes")
        await store.put(
            upload.key, chunks, mime_type="application/octet-stream", file_name="upload", limit_bytes=upload.max_bytes
        )
    except BaseException:
        await db.do(GIVE_BACK, upload_id)
        raise


async def confirm_upload(
    db: Database, store: Storage, me: Identity, *, site_id: UUID, product_id: UUID, upload_id: UUID, now: datetime
) -> FileView:
    """Make what was uploaded a file of the product, once it is found to be what was asked for. Again is nothing.

    NotUploaded, UploadOver, BeingConfirmed, BadZip, TooLarge, StorageFull, TooManyFiles.
    """
    target = await find_target(db, site_id, product_id)
    upload = await find_upload(db, product_id, upload_id)
    if upload.file_id is None:
        if now >= upload.created_at + CONFIRM_WITHIN:
            raise UploadOver("This upload was not confirmed in time; start it again")
        if await db.value(TAKE, upload_id, now + CONFIRMING_FOR, now) is None:
            raise BeingConfirmed("This upload is being checked", retry_after_seconds=RETRY_AFTER_SECONDS)
        try:
            await attach(db, store, me, target, upload, now=now)
        except zips.BadZip:
            await store.delete(upload.key)  # nothing can come of it, so it need not lie there until it is swept
            raise
        finally:
            await db.do(LET_GO, upload_id)
        await store.delete(upload.key)  # still listed as a stray, for who puts something there again
        upload = await find_upload(db, product_id, upload_id)
    assert upload.file_id is not None, "attached by us, or by who was quicker"
    return await files.find_file(db, product_id, upload.file_id)


async def find_upload(db: Queries, product_id: UUID, upload_id: UUID) -> Awaited:
    found = await db.maybe(Awaited, FIND, upload_id, product_id)
    if found is None:
        raise NotFound("There is no such upload for this product")
    return found


class _Attached(Exception):
    """Somebody else was quicker: what was copied here is not wanted."""


async def attach(db: Database, store: Storage, me: Identity, target: Target, upload: Awaited, *, now: datetime) -> None:
    """Copy it to a key of its own, look through the copy, and refer to that."""
    version_id = new_id()
    key = files.key_of(target.id, version_id)
    try:
        async with placing(db, store, [key], now=now):
            arrived = await copied(db, store, target, upload, key=key, version_id=version_id)
            async with db.transaction() as tx:
                held = await hold_target(tx, target.site_id, target.id)
                file_id, is_new = await file_for(tx, upload)
                if is_new:
                    await files.keep_file(tx, me, held, file_id, arrived, now=now)
                else:
                    await files.keep_replacement(tx, me, held, file_id, arrived, now=now)
                if await tx.value(ATTACH, upload.id, file_id) is None:
                    raise _Attached
    except _Attached:
        return


async def copied(
    db: Database, store: Storage, target: Target, upload: Awaited, *, key: str, version_id: UUID
) -> files.Arrived:
    """What lies at the upload's own key, as it is at this moment."""
    coming = store.read(upload.key)
    try:
        first = await anext(coming, b"")
        head = [first]
        while sum(map(len, head)) < HEAD_BYTES and (more := await anext(coming, b"")):
            head.append(more)
    except storage.NoSuchObject:
        raise NotUploaded("Nothing has been uploaded: PUT the file to its upload address, then confirm") from None
    beginning = b"".join(head)[:HEAD_BYTES]
    return await files.put(
        db,
        store,
        target,
        Upload(upload.file_name, beginning, chain(head, coming)),
        key=key,
        version_id=version_id,
        most_bytes=upload.max_bytes,
        zip_only=upload.is_zip,
    )


async def file_for(tx: Tx, upload: Awaited) -> tuple[UUID, bool]:
    """Which file of the product it becomes, and whether that is a new one."""
    if upload.replaces is not None:
        return (await files.find_file(tx, upload.product_id, upload.replaces)).id, False
    replaced: UUID | None = await tx.value(REPLACED, upload.product_id, upload.file_name)
    return (new_id(), True) if replaced is None else (replaced, False)
