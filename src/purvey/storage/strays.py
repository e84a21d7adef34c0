"""Strays: objects that no row refers to, not yet or not any more. After a day they are swept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, TooLarge
from purvey.storage.port import Storage

STRAY_FOR = timedelta(hours=24)
SWEEP_BATCH = 100

# List keys as strays; one that is listed stays as it is.
LIST = """
insert into stray_objects (key, since)
select key, $2
from unnest($1::text[]) as k (key)
on conflict (key) do nothing
"""

# Unlist keys that rows refer to from now on, unless the sweep has begun to delete them.
UNLIST = """
delete from stray_objects
where key = any($1)
    and not sweeping
"""

# Take strays that are old enough, so that nothing can refer to them any more; also those a crashed sweep took.
TAKE = """
update stray_objects
set sweeping = true
where key in (
    select key
    from stray_objects
    where since < $1
    order by since, key
    limit $2
    for update skip locked
)
returning key
"""

# Take these ones now, those of them that rows do not refer to after all.
TAKE_THESE = """
update stray_objects
set sweeping = true
where key = any($1)
returning key
"""

# Strays that are deleted.
DROP = "delete from stray_objects where key = any($1)"

# So many bytes more, unless that would pass the limit: then there is no row.
FILL = """
insert into storage_use (tenant_id, bytes)
select $1, $2::bigint
where $2::bigint <= $3::bigint
on conflict (tenant_id) do update set bytes = storage_use.bytes + $2::bigint
where storage_use.bytes + $2::bigint <= $3::bigint
returning bytes
"""

# So many bytes less.
EMPTY = """
update storage_use
set bytes = bytes - $2::bigint
where tenant_id = $1
"""

# How many bytes a tenant keeps.
USED = "select bytes from storage_use where tenant_id = $1"


class TookTooLong(Conflict):
    """The upload lasted longer than strays are kept."""

    code = "upload_expired"


class StorageFull(TooLarge):
    """The tenant's storage limit would be passed."""

    code = "storage_full"


async def expect(db: Queries, keys: Sequence[str], *, now: datetime) -> None:
    """Say, before putting them and outside any transaction, that these objects are about to be."""
    await db.do(LIST, list(keys), now)


async def keep(tx: Tx, keys: Sequence[str], *, tenant_id: UUID, size_bytes: int, limit_bytes: int) -> None:
    """Rows refer to these objects from now on, and they fill the tenant's storage. TookTooLong, StorageFull."""
    await refer(tx, keys)
    if await tx.value(FILL, tenant_id, size_bytes, limit_bytes) is None:
        raise StorageFull(f"Your storage limit of {limit_bytes} bytes would be passed")


async def refer(tx: Tx, keys: Sequence[str]) -> None:
    """The same for what is no tenant's; TookTooLong."""
    if await tx.do(UNLIST, list(keys)) != len(keys):
        raise TookTooLong("The upload took more than a day; start it again")


async def abandon(tx: Tx, keys: Sequence[str], *, tenant_id: UUID, size_bytes: int, now: datetime) -> None:
    """Rows refer to these objects no more: the sweep deletes them in a day, when no page shows them any longer."""
    await let_go(tx, keys, now=now)
    await tx.do(EMPTY, tenant_id, size_bytes)


async def let_go(tx: Tx, keys: Sequence[str], *, now: datetime) -> None:
    """The same for what is no tenant's."""
    await tx.do(LIST, list(keys), now)


async def room(db: Queries, tenant_id: UUID, *, limit_bytes: int) -> int:
    """How many bytes the tenant may still add."""
    return max(0, limit_bytes - int(await db.value(USED, tenant_id) or 0))


async def forget(db: Queries, storage: Storage, keys: Sequence[str]) -> None:
    """Delete these at once, after an upload that failed; what rows refer to after all, for its commit had gone through,
    is left alone. Where this fails too, the sweep does it.
    """
    await delete(db, storage, [row["key"] for row in await db.records(TAKE_THESE, list(keys))])


async def sweep_strays(db: Database, storage: Storage, *, now: datetime) -> int:
    """Delete what has been stray for a day; how many. A crash between the steps is mended by the next sweep."""
    swept = 0
    while keys := [row["key"] for row in await db.records(TAKE, now - STRAY_FOR, SWEEP_BATCH)]:
        await delete(db, storage, keys)
        swept += len(keys)
    return swept


async def delete(db: Queries, storage: Storage, taken: Sequence[str]) -> None:
    for key in taken:
        await storage.delete(key)
    await db.do(DROP, list(taken))
