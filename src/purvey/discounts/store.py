"""The SQL of discount codes and their uses."""

from datetime import datetime
from uuid import UUID

import asyncpg

from purvey.discounts.model import DiscountCode
from purvey.kit.db import Queries, Record, Tx
from purvey.kit.pages import Asked, Order

COLUMNS = """
    id, tenant_id, site_id, code, discount_type, basis_points, amount, currency, starts_at, ends_at, max_uses,
    max_uses_per_buyer, minimum_amount, product_ids, duration, duration_periods, is_active, reserved, used,
    version, created_at, updated_at
"""

NEWEST: Order[DiscountCode] = Order("newest-discount", ("id",), (UUID,), lambda code: (code.id,), descending=True)

# A code of a site by the word that buyers type.
BY_CODE = f"""
select {COLUMNS}
from discount_codes
where site_id = $1
    and code = $2
    and deleted_at is null
"""

# A code of a site by its id.
BY_ID = f"""
select {COLUMNS}
from discount_codes
where site_id = $1
    and id = $2
    and deleted_at is null
"""

# A code by its id alone, for a sale that has it already.
BY_ID_ALONE = f"""
select {COLUMNS}
from discount_codes
where id = $1
    and deleted_at is null
"""

# A site's codes, newest first, by the start of their word and by whether they are on.
LIST = f"""
select {COLUMNS}
from discount_codes
where site_id = $1
    and deleted_at is null
    and ($2::text is null or starts_with(code, $2))
    and ($3::boolean is null or is_active = $3)
    and {NEWEST.beyond(4)}
order by {NEWEST.by}
limit $5
offset $6
"""

# How many codes the list has in all.
COUNT = """
select count(*)
from discount_codes
where site_id = $1
    and deleted_at is null
    and ($2::text is null or starts_with(code, $2))
    and ($3::boolean is null or is_active = $3)
"""

# A new code, unless its word is taken.
INSERT = """
insert into discount_codes (
    id, tenant_id, site_id, code, discount_type, basis_points, amount, currency, starts_at, ends_at, max_uses,
    max_uses_per_buyer, minimum_amount, product_ids, duration, duration_periods, is_active, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)
on conflict (site_id, code) where deleted_at is null do nothing
"""

# Everything about a code that its seller may change.
UPDATE = """
update discount_codes
set code = $2, discount_type = $3, basis_points = $4, amount = $5, currency = $6, starts_at = $7, ends_at = $8,
    max_uses = $9, max_uses_per_buyer = $10, minimum_amount = $11, product_ids = $12, duration = $13,
    duration_periods = $14, is_active = $15, version = $16, updated_at = $17
where id = $1
"""

# A code that is gone; its word is free again, its uses are kept.
DELETE = """
update discount_codes
set deleted_at = $2, is_active = false, version = version + 1, updated_at = $2
where id = $1
"""

# One more use is spoken for, if one is left and the code is on now. The row stays locked for the buyer's count.
RESERVE = """
update discount_codes
set reserved = reserved + 1
where id = $1
    and is_active
    and deleted_at is null
    and (starts_at is null or starts_at <= $2)
    and (ends_at is null or ends_at > $2)
    and (max_uses is null or reserved + used < max_uses)
returning max_uses_per_buyer
"""

# How often a buyer used a code or holds it.
USES_OF_BUYER = """
select count(*)
from discount_uses
where discount_code_id = $1
    and buyer_id = $2
    and state <> 'RELEASED'
"""

# The use that a purchase holds.
HOLD = """
insert into discount_uses (purchase_id, discount_code_id, buyer_id, state, amount, at)
values ($1, $2, $3, 'RESERVED', $4, $5)
"""

# A held use becomes a use.
USE = """
with moved as (
    update discount_uses
    set state = 'USED', at = $2
    where purchase_id = $1
        and state = 'RESERVED'
    returning discount_code_id
)
update discount_codes c
set reserved = c.reserved - 1, used = c.used + 1
from moved
where c.id = moved.discount_code_id
"""

# The code of a purchase, locked, so that its uses can be counted.
LOCK_CODE = """
select c.id
from discount_codes c
join discount_uses u on u.discount_code_id = c.id
where u.purchase_id = $1
for no key update of c
"""

# A use whose hold was let go is taken after all, if one is left, for everybody and for its buyer.
TAKE_AGAIN = """
with taken as (
    update discount_codes c
    set used = c.used + 1
    from discount_uses u
    where u.purchase_id = $1
        and u.state = 'RELEASED'
        and c.id = u.discount_code_id
        and (c.max_uses is null or c.reserved + c.used < c.max_uses)
        and (c.max_uses_per_buyer is null or c.max_uses_per_buyer > (
            select count(*)
            from discount_uses other
            where other.discount_code_id = c.id
                and other.buyer_id = u.buyer_id
                and other.state <> 'RELEASED'
        ))
    returning c.id
)
update discount_uses
set state = 'USED', at = $2
from taken
where purchase_id = $1
    and state = 'RELEASED'
"""

# A held use is free for another buyer.
RELEASE = """
with moved as (
    update discount_uses
    set state = 'RELEASED', at = $2
    where purchase_id = $1
        and state = 'RESERVED'
    returning discount_code_id
)
update discount_codes c
set reserved = c.reserved - 1
from moved
where c.id = moved.discount_code_id
"""

# Whether a purchase's use is held, made, or let go.
STATE = "select state from discount_uses where purchase_id = $1"


async def by_code(db: Queries, site_id: UUID, code: str) -> DiscountCode | None:
    return await db.maybe(DiscountCode, BY_CODE, site_id, code)


async def by_id(db: Queries, site_id: UUID, code_id: UUID) -> DiscountCode | None:
    return await db.maybe(DiscountCode, BY_ID, site_id, code_id)


async def locked(tx: Tx, site_id: UUID, code_id: UUID) -> DiscountCode | None:
    return await tx.maybe(DiscountCode, f"{BY_ID} for update", site_id, code_id)


async def codes_of(
    db: Queries, site_id: UUID, *, prefix: str | None, is_active: bool | None, asked: Asked
) -> list[DiscountCode]:
    return await db.rows(
        DiscountCode, LIST, site_id, prefix, is_active, *asked.place(NEWEST), asked.limit, asked.offset
    )


async def count_codes(db: Queries, site_id: UUID, *, prefix: str | None, is_active: bool | None) -> int:
    return int(await db.value(COUNT, site_id, prefix, is_active))


async def insert(tx: Tx, code: DiscountCode) -> bool:
    """False when the site has a code of that word."""
    return await tx.do(INSERT, code.id, code.tenant_id, code.site_id, *changeable(code), code.created_at) == 1


async def update(tx: Tx, code: DiscountCode) -> bool:
    """False when the site has another code of that word; nothing more can be done in this transaction then."""
    try:
        await tx.do(UPDATE, code.id, *changeable(code), code.version, code.updated_at)
    except asyncpg.UniqueViolationError:
        return False
    return True


async def delete(tx: Tx, code_id: UUID, now: datetime) -> None:
    await tx.do(DELETE, code_id, now)


async def uses_of_buyer(db: Queries, code_id: UUID, buyer_id: UUID) -> int:
    count: int = await db.value(USES_OF_BUYER, code_id, buyer_id)
    return count


async def reserve(tx: Tx, code_id: UUID, now: datetime) -> Record | None:
    """The buyer's limit of a code that has one use less now; None when none was left."""
    return await tx.record(RESERVE, code_id, now)


async def whatever_became_of(tx: Tx, code_id: UUID) -> DiscountCode | None:
    return await tx.maybe(DiscountCode, BY_ID_ALONE, code_id)


async def hold(tx: Tx, code_id: UUID, *, purchase_id: UUID, buyer_id: UUID, amount: int, now: datetime) -> None:
    await tx.do(HOLD, purchase_id, code_id, buyer_id, amount, now)


async def state_of(db: Queries, purchase_id: UUID) -> str | None:
    state: str | None = await db.value(STATE, purchase_id)
    return state


async def use(tx: Tx, purchase_id: UUID, now: datetime) -> bool:
    return await tx.do(USE, purchase_id, now) == 1


async def take_again(tx: Tx, purchase_id: UUID, now: datetime) -> bool:
    await tx.value(LOCK_CODE, purchase_id)
    return await tx.do(TAKE_AGAIN, purchase_id, now) == 1


async def release(tx: Tx, purchase_id: UUID, now: datetime) -> bool:
    return await tx.do(RELEASE, purchase_id, now) == 1


def changeable(code: DiscountCode) -> list[object]:
    """The columns from `code` to `is_active`, in the order that INSERT and UPDATE name them."""
    names = DiscountCode.__struct_fields__
    return [getattr(code, name) for name in names[names.index("code") : names.index("is_active") + 1]]
