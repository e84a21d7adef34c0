"""Granting, suspending, restoring and ending: always for everything that one source granted."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from purvey.entitlements import store
from purvey.entitlements.events import CustomerProductCreated, CustomerProductDeleted, CustomerProductUpdated
from purvey.entitlements.model import LIFE, Entitlement, Happening, Source, State
from purvey.kit.db import Tx
from purvey.kit.events import publish


async def grant(
    tx: Tx,
    *,
    tenant_id: UUID,
    user_id: UUID,
    product_ids: Sequence[UUID] = (),
    chapter_ids: Sequence[UUID] = (),
    source: Source,
    source_id: UUID,
    now: datetime,
) -> None:
    """From now on these are theirs. Granting again for the same source changes nothing."""
    things: list[tuple[UUID | None, UUID | None]] = [(product_id, None) for product_id in product_ids]
    things += [(None, chapter_id) for chapter_id in chapter_ids]
    granted = await store.add(
        tx, tenant_id=tenant_id, user_id=user_id, things=things, source=source, source_id=source_id, now=now
    )
    for each in granted:
        publish(
            tx,
            CustomerProductCreated(
                subject_id=each.id,
                tenant_id=each.tenant_id,
                at=now,
                user_id=each.user_id,
                product_id=each.product_id,
                chapter_id=each.chapter_id,
                source=each.source,
                source_id=each.source_id,
            ),
        )


async def suspend(tx: Tx, *, source: Source, source_id: UUID, now: datetime) -> None:
    """Take away what the source granted, for as long as something is disputed."""
    for each in await moved(tx, Happening.SUSPENDED, source=source, source_id=source_id, now=now):
        publish(tx, updated(each, now))


async def restore(tx: Tx, *, source: Source, source_id: UUID, now: datetime) -> None:
    """Give back what was suspended."""
    for each in await moved(tx, Happening.RESTORED, source=source, source_id=source_id, now=now):
        publish(tx, updated(each, now))


async def give_back(tx: Tx, *, source: Source, source_id: UUID, now: datetime) -> None:
    """Give back what the source granted, also what was taken for good: its money was kept after all."""
    for each in await moved(tx, Happening.GIVEN_BACK, source=source, source_id=source_id, now=now):
        publish(tx, updated(each, now))


async def end(tx: Tx, *, source: Source, source_id: UUID, now: datetime) -> None:
    """Take away what the source granted, for good."""
    for each in await moved(tx, Happening.ENDED, source=source, source_id=source_id, now=now):
        publish(
            tx,
            CustomerProductDeleted(
                subject_id=each.id,
                tenant_id=each.tenant_id,
                at=now,
                user_id=each.user_id,
                product_id=each.product_id,
                chapter_id=each.chapter_id,
                source=each.source,
                source_id=each.source_id,
            ),
        )


async def moved(tx: Tx, happening: Happening, *, source: Source, source_id: UUID, now: datetime) -> list[Entitlement]:
    """Every entitlement of the source that this can happen to, after it happened."""
    before = [state for state in State if LIFE.allows(state, happening)]
    after = LIFE.after(before[0], happening)
    return await store.move(tx, source=source, source_id=source_id, before=before, after=after, now=now)


def updated(each: Entitlement, now: datetime) -> CustomerProductUpdated:
    return CustomerProductUpdated(
        subject_id=each.id,
        tenant_id=each.tenant_id,
        at=now,
        user_id=each.user_id,
        product_id=each.product_id,
        chapter_id=each.chapter_id,
        source=each.source,
        source_id=each.source_id,
        state=each.state,
    )
