"""The SQL of entitlements."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from purvey.entitlements.model import Entitlement, Source, State
from purvey.kit.db import Queries, Tx
from purvey.kit.ids import new_id

ROW = "id, tenant_id, user_id, product_id, chapter_id, source, source_id, state, granted_at, changed_at"

# One entitlement for each thing; what the source has granted before is left as it is.
ADD = f"""
insert into entitlements ({ROW})
select id, $3, $4, product_id, chapter_id, $5, $6, 'LIVE', $7, $7
from unnest($1::uuid[], $2::uuid[], $8::uuid[]) as e (id, product_id, chapter_id)
on conflict do nothing
returning {ROW}
"""

# Everything a source granted that is in one of these states moves to another.
MOVE = f"""
update entitlements
set state = $4, changed_at = $5
where source = $1
    and source_id = $2
    and state = any($3::text[])
returning {ROW}
"""

OWNS_PRODUCT = """
select exists (select from entitlements where user_id = $1 and product_id = $2 and state = 'LIVE')
"""

OWNS_CHAPTER = """
select exists (select from entitlements where user_id = $1 and chapter_id = $2 and state = 'LIVE')
"""

OWNS_ANY = """
select exists (select from entitlements where user_id = $1 and product_id = any($2::uuid[]) and state = 'LIVE')
"""

OF_SOURCE = f"select {ROW} from entitlements where source = $1 and source_id = $2 order by id"


async def add(
    tx: Tx,
    *,
    tenant_id: UUID,
    user_id: UUID,
    things: Sequence[tuple[UUID | None, UUID | None]],
    source: Source,
    source_id: UUID,
    now: datetime,
) -> list[Entitlement]:
    """Insert what is not there yet; `things` are (product id, chapter id), one of the two."""
    products, chapters = [product for product, _ in things], [chapter for _, chapter in things]
    ids = [new_id() for _ in things]
    return await tx.rows(Entitlement, ADD, ids, products, tenant_id, user_id, source, source_id, now, chapters)


async def move(
    tx: Tx, *, source: Source, source_id: UUID, before: Sequence[State], after: State, now: datetime
) -> list[Entitlement]:
    return await tx.rows(Entitlement, MOVE, source, source_id, list(before), after, now)


async def owns_product(db: Queries, user_id: UUID, product_id: UUID) -> bool:
    """Whether a live entitlement to the product is theirs."""
    return bool(await db.value(OWNS_PRODUCT, user_id, product_id))


async def owns_chapter(db: Queries, user_id: UUID, chapter_id: UUID) -> bool:
    """Whether a live entitlement to the chapter is theirs."""
    return bool(await db.value(OWNS_CHAPTER, user_id, chapter_id))


async def owns_any(db: Queries, user_id: UUID, product_ids: Sequence[UUID]) -> bool:
    """Whether a live entitlement to one of these products is theirs."""
    return bool(product_ids) and bool(await db.value(OWNS_ANY, user_id, product_ids))


async def of_source(db: Queries, source: Source, source_id: UUID) -> list[Entitlement]:
    """Everything that one purchase, subscription or gift granted."""
    return await db.rows(Entitlement, OF_SOURCE, source, source_id)
