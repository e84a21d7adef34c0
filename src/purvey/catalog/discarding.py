"""Old versions of files are kept until their author discards them: what they fill of the storage is free again."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import access, storage
from purvey.access import Identity
from purvey.catalog.uploads import hold_target
from purvey.kit.db import Database
from purvey.kit.errors import Conflict, NotFound

# A version of a file of this product, and whether its owners get it.
FIND = """
select v.number, v.storage_key, v.size_bytes, v.id = f.current_version_id as is_current, v.discarded_at
from product_files f
join file_versions v on v.file_id = f.id
where f.product_id = $1
    and f.id = $2
    and v.id = $3
"""

# It stays on record without its bytes.
DISCARD = "update file_versions set discarded_at = $2 where id = $1"


class StillCurrent(Conflict):
    """The version is what buyers get."""

    code = "current_version"


class Version(msgspec.Struct, frozen=True):
    """What is known of a version that is to go."""

    number: int
    storage_key: str
    size_bytes: int
    is_current: bool
    discarded_at: datetime | None


async def discard_version(
    db: Database, me: Identity, *, site_id: UUID, product_id: UUID, file_id: UUID, version_id: UUID, now: datetime
) -> None:
    """Keep the bytes of a version that was replaced no longer; again is no harm. NotFound, StillCurrent."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        version = await tx.maybe(Version, FIND, product_id, file_id, version_id)
        if version is None:
            raise NotFound("There is no such version of a file on this product")
        if version.is_current:
            raise StillCurrent("This is the version that buyers get: replace the file first")
        if version.discarded_at is not None:
            return
        await tx.do(DISCARD, version_id, now)
        await storage.abandon(
            tx, [version.storage_key], tenant_id=target.tenant_id, size_bytes=version.size_bytes, now=now
        )
        detail = {"fileId": str(file_id), "number": version.number, "sizeBytes": version.size_bytes}
        await access.audit(
            tx, me, action="file-version.discarded", subject_type="product", subject_id=product_id, detail=detail,
            now=now,
        )  # fmt: skip
