"""The shelf of limited products: never more sold and reserved than there are, however many buyers come at once.

Every number is moved by one conditional UPDATE; rows are locked in the order of their product ids.
Unlimited products have no shelf: what they sell is tallied in rows of its own and rolled up later.
Whoever sells, holds or takes back shares the product; whoever makes it limited, or unlimited, has it alone
(docs/decisions/0005-a-shared-lock-while-selling.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict

ROLL_UP_BATCH = 5_000


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """A limited product's numbers at one moment."""

    product_id: UUID
    total: int
    reserved: int
    sold: int

    def has(self, quantity: int) -> bool:
        return self.reserved + self.sold + quantity <= self.total


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a purchase takes of a product; `counted` when a shelf counts it one by one."""

    product_id: UUID
    quantity: int
    counted: bool = False


class SoldOut(Conflict):
    """There are not so many left."""

    code = "sold_out"

    @classmethod
    def of(cls, shelf: Shelf) -> "SoldOut":
        numbers = {"sold": shelf.sold, "reserved": shelf.reserved, "total": shelf.total}
        if shelf.sold < shelf.total:
            return cls(
                "None is left at this moment: some are reserved by buyers who may not pay; try again later",
                extra=numbers,
            )
        return cls("This product is sold out", extra=numbers)


class ShelfNow(Shelf, frozen=True, kw_only=True):
    """A shelf as a buyer found it, under lock: whether it had enough."""

    enough: bool


# A product as an advisory lock knows it. Not its row: whoever waits for that one may be overtaken for ever.
LOCK = "hashtextextended('purvey shelf ' || {id}::text, 0)"
HAVE_ALONE = f"select pg_advisory_xact_lock({LOCK.format(id='$1::uuid')})"


@dataclass(frozen=True, slots=True)
class SharedGoods:
    """Products that a transaction shares: until it ends nobody makes them limited, or unlimited.

    `shared` alone makes it, and whatever moves units or writes a purchase asks for it.
    """

    tx: Tx
    product_ids: frozenset[UUID]

    def covering(self, items: Sequence["Taken"]) -> Tx:
        """The transaction, which shares all of these."""
        unshared = {item.product_id for item in items} - self.product_ids
        assert not unshared, f"moved without sharing: {unshared}"
        return self.tx


def share(products: str, *, then: str = "null") -> str:
    """Share each product of a query of one column, one after the other, then do what `then` says; their ids."""
    return f"""
with goods as materialized (
    select id, pg_advisory_xact_lock_shared({LOCK.format(id="id")}) as shared
    from (
        {products}
        order by 1
    ) as product (id)
)
select array_agg(id), count(shared::text), {then}
from goods
"""


# A product, and a bundle's members, shared before anything is read of them.
GOODS = """
    select $1::uuid
    union
    select member_id from bundle_members where bundle_id = $1
"""


def take(column: str) -> str:
    """Take from every limited product in `$1` so many as `$2` says, into a column, when all have enough.

    It answers how each stood before, so that a refusal tells the numbers that it was made by. Only the locked
    rows are asked whether there is enough: the UPDATE itself would first look at them as they were before the wait.
    """
    return f"""
with wanted as (
    select product_id, quantity
    from unnest($1::uuid[], $2::bigint[]) as w (product_id, quantity)
), shelf as (
    select s.product_id, s.total, s.reserved, s.sold
    from stock s
    join products p on p.id = s.product_id
    where s.product_id = any($1)
        and p.is_limited
    order by s.product_id
    for update of s
), counted as (
    select shelf.*, wanted.quantity, shelf.reserved + shelf.sold + wanted.quantity <= shelf.total as enough
    from shelf
    join wanted on wanted.product_id = shelf.product_id
), answer as (
    select counted.*, bool_and(enough) over () as all_enough
    from counted
), taken as (
    update stock s
    set {column} = answer.{column} + answer.quantity
    from answer
    where s.product_id = answer.product_id
        and answer.all_enough
)
select product_id, total, reserved, sold, enough
from answer
order by product_id
"""


RESERVE = take("reserved")
SELL_AT_ONCE = take("sold")

# Move what is counted between the columns, by the signs in $3 and $4.
SHIFT = """
with shelf as (
    select s.product_id
    from stock s
    where s.product_id = any($1)
    order by s.product_id
    for update
)
update stock s
set reserved = s.reserved + w.quantity * $3::bigint, sold = s.sold + w.quantity * $4::bigint
from unnest($1::uuid[], $2::bigint[]) as w (product_id, quantity)
join shelf on shelf.product_id = w.product_id
where s.product_id = w.product_id
"""

# What was sold before its product was limited comes back on a shelf that counts it in one sum.
PUT_BACK_UNCOUNTED = """
with shelf as (
    select s.product_id
    from stock s
    join products p on p.id = s.product_id
    where s.product_id = any($1)
        and p.is_limited
    order by s.product_id
    for update of s
)
update stock s
set sold = s.sold - w.quantity, sold_before = s.sold_before - w.quantity
from unnest($1::uuid[], $2::bigint[]) as w (product_id, quantity)
join shelf on shelf.product_id = w.product_id
where s.product_id = w.product_id
"""

TALLY = """
insert into sold_tallies (product_id, quantity)
select product_id, quantity
from unnest($1::uuid[], $2::bigint[]) as t (product_id, quantity)
order by product_id
"""

# A bounded batch of tallies, added up and forgotten; two at once take different ones.
ROLL_UP = """
with batch as (
    select id
    from sold_tallies
    order by id
    limit $1
    for update skip locked
), gone as (
    delete from sold_tallies t
    using batch
    where t.id = batch.id
    returning t.product_id, t.quantity
), sums as (
    select product_id, sum(quantity)::bigint as quantity, count(*) as tallies
    from gone
    group by product_id
), locked as (
    select p.id, sums.quantity, sums.tallies
    from products p
    join sums on sums.product_id = p.id
    order by p.id
    for no key update of p
), rolled as (
    update products p
    set sold_count = p.sold_count + locked.quantity
    from locked
    where p.id = locked.id
    returning locked.tallies
)
select coalesce(sum(tallies), 0)::bigint from rolled
"""


async def have_alone(tx: Tx, product_id: UUID) -> None:
    """Wait until nobody sells, holds or takes back this product, and let nobody begin until the transaction ends."""
    await tx.value(HAVE_ALONE, product_id)


async def shared(tx: Tx, statement: str, *values: object) -> SharedGoods:
    """Run a statement that `share` made."""
    return SharedGoods(tx, frozenset(await tx.value(statement, *values) or ()))


async def reserve(goods: SharedGoods, wanted: Sequence[Taken]) -> set[UUID]:
    """Hold these for a buyer, all or nothing; the products that a shelf counts. SoldOut says how it stands."""
    return await take_all(goods, RESERVE, wanted)


async def sell_at_once(goods: SharedGoods, wanted: Sequence[Taken]) -> set[UUID]:
    """Sell what was not held, for money that came late: all or nothing; SoldOut."""
    counted = await take_all(goods, SELL_AT_ONCE, wanted)
    await tally(goods, wanted, sign=1)
    return counted


async def take_all(goods: SharedGoods, statement: str, wanted: Sequence[Taken]) -> set[UUID]:
    shelves = await goods.covering(wanted).rows(ShelfNow, statement, *columns(wanted))
    for shelf in shelves:
        if not shelf.enough:
            raise SoldOut.of(shelf)
    return {shelf.product_id for shelf in shelves}


async def sell(goods: SharedGoods, held: Sequence[Taken]) -> None:
    """What was held is sold."""
    await shift(goods, held, reserved=-1, sold=1)
    await tally(goods, held, sign=1)


async def release(goods: SharedGoods, held: Sequence[Taken]) -> None:
    """What was held is free again."""
    await shift(goods, held, reserved=-1, sold=0)


async def put_back(goods: SharedGoods, sold: Sequence[Taken]) -> None:
    """What was sold came back."""
    await shift(goods, sold, reserved=0, sold=-1)
    uncounted = [item for item in sold if not item.counted]
    if uncounted:
        await goods.covering(uncounted).do(PUT_BACK_UNCOUNTED, *columns(uncounted))
    await tally(goods, sold, sign=-1)


async def shift(goods: SharedGoods, items: Sequence[Taken], *, reserved: int, sold: int) -> None:
    counted = [item for item in items if item.counted]
    if counted:
        await goods.covering(items).do(SHIFT, *columns(counted), reserved, sold)


async def tally(goods: SharedGoods, items: Sequence[Taken], *, sign: int) -> None:
    """Remember how many were sold without touching any product's row."""
    if items:
        await goods.covering(items).do(
            TALLY, [item.product_id for item in items], [item.quantity * sign for item in items]
        )


async def roll_up_sales(db: Database) -> int:
    """Add a batch of tallies to their products' sold counts; how many tallies there were."""
    async with db.transaction() as tx:
        return int(await tx.value(ROLL_UP, ROLL_UP_BATCH))


def columns(items: Sequence[Taken]) -> tuple[list[UUID], list[int]]:
    return [item.product_id for item in items], [item.quantity for item in items]
