"""Buyers who each buy, pay, wait and download: `python -m bench.buying` reads a plan and prints how it went.

A whole purchase is POST /v1/purchases, `outcome=pay` to the bank's page, waiting for the webhook and the worker to
have done their part, and GET of the file. Each of so many buyers at once has a connection that is kept alive.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
import uvloop

from bench.people import FILE, Buyer
from bench.wire import Wire

PATIENCE_SECONDS = 60.0
PAY = b"outcome=pay"
FORM = "application/x-www-form-urlencoded"
SOLD_OUT = 409


class Plan(msgspec.Struct, frozen=True):
    shop: str
    product: str
    buyers: list[Buyer]
    at_once: int
    downloads: bool = True
    poll_seconds: float = 0.05


class Told(msgspec.Struct):
    """How it went. `milliseconds` of each whole purchase."""

    bought: int = 0
    refused: int = 0
    seconds: float = 0.0
    milliseconds: list[float] = []

    def share(self, part: float) -> float:
        """So many milliseconds, or less, took this part of all purchases."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def run(plan: Plan) -> Told:
    told = Told()
    waiting = iter(plan.buyers)
    began = time.perf_counter()
    await asyncio.gather(*(till(plan, waiting, told) for _ in range(plan.at_once)))
    told.seconds = time.perf_counter() - began
    return told


async def till(plan: Plan, waiting: Iterator[Buyer], told: Told) -> None:
    """One buyer after the other, for as long as any waits."""
    parts = urlsplit(plan.shop)
    assert parts.hostname and parts.port
    async with Wire(parts.hostname, parts.port) as wire:
        for buyer in waiting:
            began = time.perf_counter()
            if await buy(wire, plan, buyer):
                told.bought += 1
                told.milliseconds.append((time.perf_counter() - began) * 1000)
            else:
                told.refused += 1


async def buy(wire: Wire, plan: Plan, buyer: Buyer) -> bool:
    """Whether there was one left; anything else that goes wrong ends the run."""
    order = msgspec.json.encode({"productId": plan.product})
    answer = await wire.post("/v1/purchases", order, token=buyer.token)
    if answer.status == SOLD_OUT:
        return False
    assert answer.status == 202, answer
    begun = answer.json()
    paid = await wire.post(urlsplit(begun["checkoutUrl"]).path, PAY, kind=FORM)
    assert paid.status == 303, paid
    path = f"/v1/purchases/{begun['purchaseId']}"
    await until_paid(wire, path, buyer, poll_seconds=plan.poll_seconds)
    if plan.downloads:
        file = await wire.get(f"{path}/download", token=buyer.token)
        assert file.status == 200 and file.body == FILE, file
    return True


async def until_paid(wire: Wire, path: str, buyer: Buyer, *, poll_seconds: float) -> None:
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        await asyncio.sleep(poll_seconds)
        answer = await wire.get(path, token=buyer.token)
        assert answer.status == 200, answer
        if answer.json()["status"] == "SUCCEEDED":
            return
    raise AssertionError(f"{path} is not paid after {PATIENCE_SECONDS:.0f} seconds")


if __name__ == "__main__":
    print(msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)))).decode())
