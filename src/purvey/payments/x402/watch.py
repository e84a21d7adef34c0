"""What is looked after by itself: settlements that nobody finished, and young ones that could still vanish."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.kit.events import publish
from purvey.payments.x402 import store
from purvey.payments.x402.chain import Block
from purvey.payments.x402.events import SettlementReturned, SettlementVanished
from purvey.payments.x402.model import Settlement
from purvey.payments.x402.rail import Rail

E = TypeVar("E", SettlementReturned, SettlementVanished)
log = structlog.get_logger("purvey.x402")
BATCH: Final = 50
AT_ONCE: Final = 5
OPEN_EACH: Final = timedelta(seconds=10)
OPEN_LONGEST: Final = timedelta(minutes=5)
YOUNG_EACH: Final = timedelta(minutes=1)
YOUNG_LONGEST: Final = timedelta(minutes=30)
FINAL_BLOCKS: Final = 64  # under so many others, and after so long, no block was ever undone that we know of
FINAL_AFTER: Final = timedelta(minutes=2)

# Nobody asks any more whether it is still there.
IS_FINAL = "update x402_settlements set final_at = $2 where id = $1"

# It is gone; no row when that was noted before.
IS_GONE = "update x402_settlements set vanished_at = $2 where id = $1 and vanished_at is null returning id"

# It is there again, elsewhere perhaps; no row when it was not gone.
IS_BACK = """
with before as (
    select id, vanished_at from x402_settlements where id = $1 for update
)
update x402_settlements s
set tx_hash = $2, log_index = $3, block_number = $4, vanished_at = null
from before
where s.id = before.id
returning before.vanished_at is not null
"""


async def finish(db: Database, rail: Rail, *, now: datetime) -> int:
    """Go on with a batch of what nobody finished; how many were looked after."""

    async def one(settlement: Settlement) -> None:
        await rail.go_on(db, settlement, now=now)

    due = await store.unfinished(db, now=now, limit=BATCH, each_time=OPEN_EACH, longest=OPEN_LONGEST)
    return await each(one, due)


async def check(db: Database, rail: Rail, *, now: datetime) -> int:
    """Look whether young settlements are still on the chain, until they lie deep (ruling 31), and failed ones not."""

    async def one(settlement: Settlement) -> None:
        look = look_after_all if settlement.failed else look_again
        await look(db, rail, settlement, now=now)

    due = await store.young(db, now=now, limit=BATCH, each_time=YOUNG_EACH, longest=YOUNG_LONGEST)
    return await each(one, due)


async def each(look_after: Callable[[Settlement], Awaitable[None]], due: list[Settlement]) -> int:
    """One that cannot be looked after now does not keep the others."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(settlement: Settlement) -> None:
        async with places:
            try:
                await look_after(settlement)
            except Refusal as refusal:
                log.warning("asked in vain; asking again later", settlement=str(settlement.id), why=refusal.detail)
            except Exception as error:
                log.error("a settlement could not be looked after", settlement=str(settlement.id), exc_info=error)

    await asyncio.gather(*(one(settlement) for settlement in due))
    return len(due)


async def look_after_all(db: Database, rail: Rail, settlement: Settlement, *, now: datetime) -> None:
    """What we refused its payer can still hand in, until its time is over: then the money is here after all."""
    decision = await rail.chain.decide(settlement.authorized, now=now)
    if decision is not None and decision.tx_hash is not None:
        log.warning("a payment came that had failed", settlement=str(settlement.id), tx=decision.tx_hash)
        await rail.decided(db, settlement, decision, now=now)
    elif decision is not None:
        await db.do(IS_FINAL, settlement.id, now)


async def look_again(db: Database, rail: Rail, settlement: Settlement, *, now: datetime) -> None:
    """A settlement that is gone is handed in again while it can be; who counts on it is told."""
    head = await rail.chain.head(settlement.network, now=now)
    if settlement.block_number is not None and head.number < settlement.block_number:
        return  # this node has not heard of it yet
    receipt = await rail.chain.receipt(settlement.network, str(settlement.tx_hash))
    if receipt is not None and receipt.block == settlement.block_number:
        if lies_deep(settlement, head, now=now):
            await db.do(IS_FINAL, settlement.id, now)
        if settlement.vanished_at is None:
            return
    seen = await rail.chain.decide(settlement.authorized, now=now)
    if seen is not None and seen.tx_hash is not None:
        await note_back(db, settlement, (seen.tx_hash, seen.log_index, seen.block_number), now=now)
        return
    await note_gone(db, settlement, now=now)
    if seen is None:  # it can still be used: whoever hands it in makes it good
        await rail.facilitator.hand_in_again(db, settlement, now=now)
    else:
        await db.do(IS_FINAL, settlement.id, now)


def lies_deep(settlement: Settlement, head: Block, *, now: datetime) -> bool:
    """Under many blocks, and for a while: on a fast chain many blocks are a few seconds."""
    assert settlement.block_number is not None and settlement.decided_at is not None, "settled, and nowhere"
    return head.number - settlement.block_number >= FINAL_BLOCKS and now >= settlement.decided_at + FINAL_AFTER


async def note_back(
    db: Database, settlement: Settlement, place: tuple[str, int | None, int | None], *, now: datetime
) -> None:
    async with db.transaction() as tx:
        if await tx.value(IS_BACK, settlement.id, *place):
            log.info("a payment is on the chain again", settlement=str(settlement.id), tx=place[0])
            publish(tx, told(SettlementReturned, settlement, now=now))


async def note_gone(db: Database, settlement: Settlement, *, now: datetime) -> None:
    async with db.transaction() as tx:
        if await tx.value(IS_GONE, settlement.id, now):
            log.error("a payment is on the chain no more", settlement=str(settlement.id), tx=settlement.tx_hash)
            publish(tx, told(SettlementVanished, settlement, now=now))


def told(kind: type[E], settlement: Settlement, *, now: datetime) -> E:
    return kind(
        subject_id=settlement.id,
        tenant_id=None,
        at=now,
        of_type=settlement.subject_type,
        of_id=settlement.subject_id,
        payment_id=settlement.payment_id,
    )
