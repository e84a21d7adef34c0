"""Buyers who each buy, pay, wait and download: `python -m bench.buying` reads a plan and prints how it went.

A whole purchase is POST /v1/purchases, `outcome=pay` to the bank's page, the webhook and the worker doing their part,
one GET of the purchase and one of the file. Each of so many buyers at once has a connection that is kept alive.
Nobody asks again and again whether it is paid: the database says so (`SOLD_ALOUD`), and then the buyer asks once.
The clock ends when the last one has the file; the last few receipts may still be on their way then.
"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import msgspec
import uvloop

from bench.people import FILE, Buyer
from bench.wire import Wire

PATIENCE_SECONDS = 60.0
PAY = b"outcome=pay"
FORM = "application/x-www-form-urlencoded"
SOLD_OUT = 409
CHANNEL = "bench_sold"

# Tells of each sale as it commits. A purchase and its replay both pay for it.
SOLD_ALOUD = f"""
create function {CHANNEL}() returns trigger language plpgsql as $$
begin
    perform pg_notify('{CHANNEL}', new.id::text);
    return null;
end $$;
create trigger {CHANNEL}
after update on purchases
for each row
when (old.status <> 'SUCCEEDED' and new.status = 'SUCCEEDED')
execute function {CHANNEL}()
"""

Sales = defaultdict[str, asyncio.Event]


class Plan(msgspec.Struct, frozen=True):
    dsn: str
    shop: str
    product: str
    buyers: list[Buyer]
    at_once: int
    downloads: bool = True


class Told(msgspec.Struct):
    """How it went. `milliseconds` of each whole purchase."""

    bought: int = 0
    refused: int = 0
    seconds: float = 0.0
    milliseconds: list[float] = []

    @property
    def rate(self) -> float:
        return self.bought / self.seconds


async def run(plan: Plan) -> Told:
    told = Told()
    waiting = iter(plan.buyers)
    async with heard(plan.dsn) as sales:
        began = time.perf_counter()
        await asyncio.gather(*(till(plan, waiting, sales, told) for _ in range(plan.at_once)))
        told.seconds = time.perf_counter() - began
    return told


@asynccontextmanager
async def heard(dsn: str) -> AsyncIterator[Sales]:
    """An event for each purchase, set when it is paid."""
    sales: Sales = defaultdict(asyncio.Event)
    connection = await asyncpg.connect(dsn)
    await connection.add_listener(CHANNEL, lambda _, __, ___, purchase_id: sales[str(purchase_id)].set())
    yield sales
    await connection.close()


async def till(plan: Plan, waiting: Iterator[Buyer], sales: Sales, told: Told) -> None:
    """One buyer after the other, for as long as any waits."""
    parts = urlsplit(plan.shop)
    assert parts.hostname and parts.port
    async with Wire(parts.hostname, parts.port) as wire:
        for buyer in waiting:
            began = time.perf_counter()
            if await buy(wire, plan, buyer, sales):
                told.bought += 1
                told.milliseconds.append((time.perf_counter() - began) * 1000)
            else:
                told.refused += 1


async def buy(wire: Wire, plan: Plan, buyer: Buyer, sales: Sales) -> bool:
    """Whether there was one left; anything else that goes wrong ends the run."""
    order = msgspec.json.encode({"productId": plan.product})
    answer = await wire.post("/v1/purchases", order, token=buyer.token)
    if answer.status == SOLD_OUT:
        return False
    assert answer.status == 202, answer
    begun = answer.json()
    paid = await wire.post(urlsplit(begun["checkoutUrl"]).path, PAY, kind=FORM)
    assert paid.status == 303, paid
    async with asyncio.timeout(PATIENCE_SECONDS):
        await sales[begun["purchaseId"]].wait()
    path = f"/v1/purchases/{begun['purchaseId']}"
    purchase = await wire.get(path, token=buyer.token)
    assert purchase.status == 200 and purchase.json()["status"] == "SUCCEEDED", purchase
    if plan.downloads:
        file = await wire.get(f"{path}/download", token=buyer.token)
        assert file.status == 200 and file.body == FILE, file
    return True


if __name__ == "__main__":
    print(msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)))).decode())
