"""The files that owners of a product download: several a product, each with its versions (A3, A14)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey import storage
from purvey.access import Identity
from purvey.catalog import zips
from purvey.catalog.sniff import mime_of
from purvey.catalog.uploads import Target, counted, find_target, hold_target, placing, tell
from purvey.catalog.views import FileView
from purvey.kit.db import Database, Queries, Record, Tx
from purvey.kit.errors import Conflict, Invalid, NotFound
from purvey.kit.ids import new_id
from purvey.kit.pages import Asked, Order, Page, page_of, total_of
from purvey.kit.uploads import Upload
from purvey.storage import Storage

MOST_FILES = 100


class TooManyFiles(Conflict):
    """A product has as many files as it may have."""

    code = "too_many_files"


class VersionView(msgspec.Struct, kw_only=True, rename="camel"):
    """A version of a file, as it was uploaded."""

    id: UUID
    number: int
    file_name: str
    size_bytes: int
    mime_type: str
    sha256: str
    uploaded_by: UUID
    created_at: datetime
    is_current: bool
    discarded_at: datetime | None


BY_POSITION = Order[Record](
    "position",
    sql=("f.position", "f.id"),
    kinds=(int, UUID),
    place=lambda row: (row["position"], row["id"]),
)
NEWEST_FIRST = Order[Record](
    "version", sql=("v.number",), kinds=(int,), place=lambda row: (row["number"],), descending=True
)

FILE = """
select f.id, v.id as version_id, v.number, v.file_name, v.size_bytes, v.mime_type, encode(v.sha256, 'hex') as sha256,
    v.created_at, f.position
from product_files f
join file_versions v on v.id = f.current_version_id
"""

# A file of a product that was not removed.
FIND_FILE = f"""
{FILE}
where f.id = $1
    and f.product_id = $2
    and f.removed_at is null
"""

# A page of a product's files, in the order the author gave them.
FILES = f"""
{FILE}
where f.product_id = $1
    and f.removed_at is null
    and {BY_POSITION.beyond(4)}
order by {BY_POSITION.by}
limit $2
offset $3
"""

FILE_IDS = """
select id
from product_files
where product_id = $1
    and removed_at is null
order by position, id
"""

# Every version of a file, also of one that was removed: what buyers were given stays on record.
VERSIONS = f"""
select v.id, v.number, v.file_name, v.size_bytes, v.mime_type, encode(v.sha256, 'hex') as sha256, v.uploaded_by,
    v.created_at, v.id = f.current_version_id as is_current, v.discarded_at
from product_files f
join file_versions v on v.file_id = f.id
where f.id = $1
    and f.product_id = $2
    and {NEWEST_FIRST.beyond(5)}
order by {NEWEST_FIRST.by}
limit $3
offset $4
"""

COUNT_VERSIONS = """
select count(*)
from product_files f
join file_versions v on v.file_id = f.id
where f.id = $1
    and f.product_id = $2
"""

# A new file, after all others of the product.
ADD_FILE = """
insert into product_files (id, product_id, position, current_version_id, created_at)
select $1, $2, coalesce(max(position) + 1, 0), $3, $4
from product_files
where product_id = $2
"""

# The next version of a file.
ADD_VERSION = """
insert into file_versions
    (id, file_id, number, storage_key, file_name, size_bytes, mime_type, sha256, uploaded_by, created_at)
select $1, $2, coalesce(max(number) + 1, 1), $3, $4, $5, $6, $7, $8, $9
from file_versions
where file_id = $2
"""

MAKE_CURRENT = "update product_files set current_version_id = $2 where id = $1"

# Nobody who buys from now on gets it; who bought before keeps it (ruling 7).
REMOVE = "update product_files set removed_at = $2 where id = $1"

PLACE = """
update product_files f
set position = o.n
from unnest($2::uuid[]) with ordinality as o (id, n)
where f.id = o.id
    and f.product_id = $1
"""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose bytes are in the store."""

    version_id: UUID
    key: str
    file_name: str
    mime_type: str
    stored: storage.Stored


async def add_file(
    db: Database, store: Storage, me: Identity, *, site_id: UUID, product_id: UUID, upload: Upload, now: datetime
) -> FileView:
    """Add a file to a product, with its bytes streamed to the store; TooLarge, TooManyFiles."""
    target, file_id, version_id = await find_target(db, site_id, product_id), new_id(), new_id()
    key = key_of(product_id, version_id)
    async with counted(db, target, now=now), placing(db, store, [key], now=now):
        arrived = await put(db, store, target, upload, key=key, version_id=version_id)
        async with db.transaction() as tx:
            target = await hold_target(tx, site_id, product_id)
            await keep_file(tx, me, target, file_id, arrived, now=now)
            view = await find_file(tx, product_id, file_id)
    return view


async def replace_file(
    db: Database,
    store: Storage,
    me: Identity,
    *,
    site_id: UUID,
    product_id: UUID,
    file_id: UUID,
    upload: Upload,
    now: datetime,
) -> FileView:
    """Give a file a new version, which all its owners get from now on; the old ones stay on record."""
    target, version_id = await find_target(db, site_id, product_id), new_id()
    await find_file(db, product_id, file_id)
    key = key_of(product_id, version_id)
    async with counted(db, target, now=now), placing(db, store, [key], now=now):
        arrived = await put(db, store, target, upload, key=key, version_id=version_id)
        async with db.transaction() as tx:
            target = await hold_target(tx, site_id, product_id)
            await find_file(tx, product_id, file_id)
            await keep_replacement(tx, me, target, file_id, arrived, now=now)
            view = await find_file(tx, product_id, file_id)
    return view


def key_of(product_id: UUID, version_id: UUID) -> str:
    return f"files/{product_id}/{version_id}"


async def put(
    db: Database,
    store: Storage,
    target: Target,
    upload: Upload,
    *,
    key: str,
    version_id: UUID,
    most_bytes: int | None = None,
    zip_only: bool = False,
) -> Arrived:
    """Stream the bytes to the store, no further than the tenant's limits.

    BadZip for an archive that could harm its buyers, and for what is none where only a ZIP is taken.
    """
    most = min(target.file_bytes if most_bytes is None else most_bytes, await room_of(db, target))
    name = storage.shown_name(upload.file_name)
    kind = mime_of(upload.head, name)
    stored = await store.put(key, upload.chunks, mime_type=kind, file_name=name, limit_bytes=most)
    if target.zip_only or zip_only or name.lower().endswith(".zip"):
        refuse_other_than_zip(upload.head)
    if await zips.opens_as_zip(store, key, upload.head, size_bytes=stored.size_bytes):
        await zips.look_through(store, key, size_bytes=stored.size_bytes)
    return Arrived(version_id=version_id, key=key, file_name=name, mime_type=kind, stored=stored)


async def room_of(db: Queries, target: Target) -> int:
    """How many bytes the tenant may still add; StorageFull when none."""
    room = await storage.room(db, target.tenant_id, limit_bytes=target.storage_bytes)
    if not room:
        raise storage.StorageFull(f"Your storage limit of {target.storage_bytes} bytes is reached")
    return room


def refuse_other_than_zip(head: bytes) -> None:
    """BadZip unless these first bytes are a ZIP archive's."""
    if not zips.begins_as_zip(head):
        raise zips.bad("does not begin as one")


async def keep_file(tx: Tx, me: Identity, target: Target, file_id: UUID, arrived: Arrived, *, now: datetime) -> None:
    """A new file of the product, after all others; TooManyFiles."""
    if len(await tx.records(FILE_IDS, target.id)) >= MOST_FILES:
        raise TooManyFiles(f"A product has at most {MOST_FILES} files; put some into one archive")
    await tx.do(ADD_FILE, file_id, target.id, arrived.version_id, now)
    await keep_version(tx, me, target, file_id, arrived, action="file.added", now=now)


async def keep_replacement(
    tx: Tx, me: Identity, target: Target, file_id: UUID, arrived: Arrived, *, now: datetime
) -> None:
    """The newest version of a file that is there."""
    await tx.do(MAKE_CURRENT, file_id, arrived.version_id)
    await keep_version(tx, me, target, file_id, arrived, action="file.replaced", now=now)


async def keep_version(
    tx: Tx, me: Identity, target: Target, file_id: UUID, arrived: Arrived, *, action: str, now: datetime
) -> None:
    """Refer to what arrived, as the file's next version."""
    size, digest = arrived.stored.size_bytes, arrived.stored.sha256
    await tx.do(
        ADD_VERSION,
        arrived.version_id,
        file_id,
        arrived.key,
        arrived.file_name,
        size,
        arrived.mime_type,
        digest,
        me.user_id,
        now,
    )
    await storage.keep(tx, [arrived.key], tenant_id=target.tenant_id, size_bytes=size, limit_bytes=target.storage_bytes)
    changed = {"fileId": str(file_id), "fileName": arrived.file_name, "sizeBytes": size, "sha256": digest.hex()}
    await tell(tx, me, target, action=action, changed={"files": [changed]}, now=now)


async def find_file(db: Queries, product_id: UUID, file_id: UUID) -> FileView:
    """A file of a product in its newest version; NotFound."""
    row = await db.record(FIND_FILE, file_id, product_id)
    if row is None:
        raise NotFound("There is no such file on this product")
    return file_view(row)


async def list_files(db: Queries, *, site_id: UUID, product_id: UUID, asked: Asked) -> Page[FileView]:
    """A product's files in their order; NotFound when the site has no such product."""
    await find_target(db, site_id, product_id)
    rows = await db.records(FILES, product_id, asked.limit, asked.offset, *asked.place(BY_POSITION))

    async def count() -> int:
        return len(await db.records(FILE_IDS, product_id))

    return page_of(rows, file_view, asked=asked, order=BY_POSITION, total=await total_of(asked, count))


async def list_versions(
    db: Queries, *, site_id: UUID, product_id: UUID, file_id: UUID, asked: Asked
) -> Page[VersionView]:
    """A file's versions, the newest first; NotFound when the product never had such a file."""
    await find_target(db, site_id, product_id)
    versions = int(await db.value(COUNT_VERSIONS, file_id, product_id))
    if not versions:
        raise NotFound("There is no such file on this product")
    place = asked.place(NEWEST_FIRST)
    rows = await db.records(VERSIONS, file_id, product_id, asked.limit, asked.offset, *place)
    total = versions if asked.count else None
    return page_of(rows, lambda row: VersionView(**row), asked=asked, order=NEWEST_FIRST, total=total)


async def remove_file(
    db: Database, me: Identity, *, site_id: UUID, product_id: UUID, file_id: UUID, now: datetime
) -> None:
    """Take a file off a product: who buys from now on does not get it, who bought before keeps it."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        file = await find_file(tx, product_id, file_id)
        await tx.do(REMOVE, file_id, now)
        gone = {"fileId": str(file_id), "fileName": file.file_name, "removed": True}
        await tell(tx, me, target, action="file.removed", changed={"files": [gone]}, now=now)


async def order_files(
    db: Database, me: Identity, *, site_id: UUID, product_id: UUID, ids: Sequence[UUID], now: datetime
) -> None:
    """Put a product's files into this order; Invalid unless each is named once."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        refuse_other_than([row["id"] for row in await tx.records(FILE_IDS, product_id)], ids)
        await tx.do(PLACE, product_id, list(ids))
        order = [str(id) for id in ids]
        await tell(tx, me, target, action="files.ordered", changed={"fileOrder": order}, now=now)


def refuse_other_than(there: Sequence[UUID], ids: Sequence[UUID]) -> None:
    """An order names each thing that is there, once."""
    if sorted(there) != sorted(ids):
        raise Invalid.field("/ids", f"must name each of the {len(there)} once, in their new order", code="incomplete")


def file_view(row: Record) -> FileView:
    found: dict[str, Any] = {name: row[name] for name in FileView.__struct_fields__}
    return FileView(**found)
