"""A product leaves the shop and comes back: archived by its team (ruling 7), switched off by the platform (A20)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from purvey import access
from purvey.access import Identity
from purvey.catalog import store
from purvey.catalog.create import refuse_one_too_many
from purvey.catalog.events import ProductDeleted
from purvey.catalog.model import Product
from purvey.catalog.update import Archived, product_updated
from purvey.catalog.views import ProductView, view_of
from purvey.kit.db import Database, Tx
from purvey.kit.events import publish
from purvey.kit.fields import WITHOUT_NUL
from purvey.kit.versions import refuse_stale
from purvey.tenants import Site


class SetStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """On or off by the platform's word; the author reads the reason."""

    is_active: bool
    reason: Annotated[str, msgspec.Meta(max_length=1_000, pattern=WITHOUT_NUL)] | None = None


async def archive_product(
    db: Database, me: Identity, *, site: Site, product_id: UUID, if_match: str | None = None, now: datetime
) -> None:
    """Take a product off the shop for good: owners keep it, its slug and SKUs stay taken. Again is nothing."""
    async with db.transaction() as tx:
        before = await store.lock(tx, site.id, product_id)
        if before.deleted_at is not None:
            return
        refuse_stale(before.version, if_match=if_match)
        after = await store.set_standing(
            tx,
            msgspec.structs.replace(before, is_active=False, deleted_at=now, active_when_deleted=before.is_active),
            now=now,
        )
        publish(
            tx,
            ProductDeleted(
                subject_id=after.id,
                tenant_id=after.tenant_id,
                at=now,
                site_id=after.site_id,
                slug=after.slug,
                version=after.version,
            ),
        )
        await note(tx, me, "product.archived", before, after, now=now)


async def restore_product(db: Database, me: Identity, *, site: Site, product_id: UUID, now: datetime) -> ProductView:
    """Bring an archived product back as it was; TooManyProducts. Again is nothing."""
    async with db.transaction() as tx:
        await store.lock_tenant(tx, site.tenant_id)
        before = await store.lock(tx, site.id, product_id)
        if before.deleted_at is not None:
            await refuse_one_too_many(tx, site)
            active = before.active_when_deleted and before.suspended_at is None
            after = await store.set_standing(
                tx, msgspec.structs.replace(before, is_active=active, deleted_at=None), now=now
            )
            publish(tx, product_updated(after, {"isActive": active, "deletedAt": None}, now=now))
            await note(tx, me, "product.restored", before, after, now=now)
        return view_of(await store.find(tx, site.id, product_id))


async def set_status(db: Database, me: Identity, *, product_id: UUID, form: SetStatus, now: datetime) -> ProductView:
    """Switch a product on or off for the platform; its team cannot undo an off."""
    async with db.transaction() as tx:
        before = await store.lock_anywhere(tx, product_id)
        if form.is_active and before.deleted_at is not None:
            raise Archived("Its team archived this product; only they can restore it")
        suspension: dict[str, Any] = {"suspended_at": None, "suspended_reason": None}
        if not form.is_active:
            suspension = {"suspended_at": before.suspended_at or now, "suspended_reason": form.reason}
        wanted = msgspec.structs.replace(before, is_active=form.is_active, **suspension)
        if wanted != before:
            after = await store.set_standing(tx, wanted, now=now)
            publish(tx, product_updated(after, {"isActive": after.is_active}, now=now))
            action = "product.reinstated" if form.is_active else "product.suspended"
            await note(tx, me, action, before, after, now=now, reason=form.reason)
        return view_of(await store.find(tx, before.site_id, product_id))


async def note(
    tx: Tx, me: Identity, action: str, before: Product, after: Product, *, now: datetime, reason: str | None = None
) -> None:
    detail = access.changes(before, after) | ({} if reason is None else {"reason": reason})
    await access.audit(
        tx,
        me,
        action=action,
        subject_type="product",
        subject_id=after.id,
        detail=detail,
        now=now,
        tenant_id=after.tenant_id,
    )
