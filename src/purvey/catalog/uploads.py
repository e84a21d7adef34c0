"""What every upload to a product goes through: its limits, its key in the store, and no trace when it fails."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from purvey import access, storage
from purvey.access import Identity
from purvey.catalog.events import ProductUpdated
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import NotFound
from purvey.kit.events import publish
from purvey.kit.throttles import forgive, throttle
from purvey.storage import Storage

log = structlog.get_logger("purvey.catalog")
DAY = timedelta(days=1)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The product that something is put on, and what its tenant may put (ruling 11)."""

    id: UUID
    tenant_id: UUID
    site_id: UUID
    slug: str
    version: int
    cover: dict[str, Any] | None
    file_bytes: int
    storage_bytes: int
    images: int
    uploads_a_day: int
    zip_only: bool


# A product of this site with its tenant's limits; those a tenant was not given are the default plan's.
TARGET = """
select p.id, p.tenant_id, p.site_id, p.slug, p.version, p.cover,
    coalesce((t.limits ->> 'maxFileBytes')::bigint, 5368709120) as file_bytes,
    coalesce((t.limits ->> 'storageBytes')::bigint, 1099511627776) as storage_bytes,
    coalesce((t.limits ->> 'images')::int, 30) as images,
    coalesce((t.limits ->> 'uploadsPerDay')::int, 10000) as uploads_a_day,
    coalesce((t.limits ->> 'zipOnly')::boolean, false) as zip_only
from products p
join tenants t on t.id = p.tenant_id
where p.id = $1
    and p.site_id = $2
"""

# The same, held until the transaction ends: who changes a product's files and images go one after the other.
HELD_TARGET = f"{TARGET} for no key update of p"

# The product looks different from now on.
TOUCH = "update products set updated_at = $2 where id = $1"


async def find_target(db: Queries, site_id: UUID, product_id: UUID) -> Target:
    """NotFound when the site has no such product."""
    return there(await db.maybe(Target, TARGET, product_id, site_id))


async def hold_target(tx: Tx, site_id: UUID, product_id: UUID) -> Target:
    """The product as it is now, waiting for whoever is changing it; NotFound."""
    return there(await tx.maybe(Target, HELD_TARGET, product_id, site_id))


def there(target: Target | None) -> Target:
    if target is None:
        raise NotFound("There is no such product on this site")
    return target


@asynccontextmanager
async def counted(db: Database, target: Target, *, now: datetime) -> AsyncIterator[None]:
    """A block that is one upload of the tenant's today, unless it raises; TooMany, before anything is done."""
    await count_upload(db, target, now=now)
    try:
        yield
    except BaseException:
        try:
            await forgive(db, key=day_of(target), window=DAY, now=now)
        except Exception as error:
            log.warning("an upload that came to nothing was counted", error=repr(error))
        raise


@asynccontextmanager
async def placing(db: Database, store: Storage, keys: Sequence[str], *, now: datetime) -> AsyncIterator[None]:
    """A block that puts objects under these keys and ends with the transaction that refers to them.

    When it raises, nothing is kept.
    """
    try:
        await storage.expect(db, keys, now=now)
        yield
    except BaseException:
        try:
            await storage.forget(db, store, keys)
        except Exception as error:
            log.warning("an upload's remains are left to the sweep", keys=list(keys), error=repr(error))
        raise


async def count_upload(db: Database, target: Target, *, now: datetime) -> None:
    """One more upload of the tenant's today; TooMany."""
    await throttle(
        db,
        key=day_of(target),
        limit=target.uploads_a_day,
        window=DAY,
        now=now,
        detail="You have used up today's uploads",
    )


def day_of(target: Target) -> str:
    return f"uploads:{target.tenant_id}"


async def tell(tx: Tx, me: Identity, target: Target, *, action: str, changed: dict[str, Any], now: datetime) -> None:
    """The product looks different now: say so, and note who did it. `action` such as `cover.changed`."""
    await tx.do(TOUCH, target.id, now)
    publish(
        tx,
        ProductUpdated(
            subject_id=target.id,
            tenant_id=target.tenant_id,
            at=now,
            site_id=target.site_id,
            slug=target.slug,
            version=target.version,
            changed=changed,
        ),
    )
    await access.audit(tx, me, action=action, subject_type="product", subject_id=target.id, detail=changed, now=now)
