"""The limit of a purchase: the same statements and commits by asyncpg alone, each time for another buyer.

`python -m bench.replay DSN AT_ONCE` reads a recording, early buyers who warm the connections up, and buyers, and
prints how long the latter took. Whatever the recorded
purchase made is made anew: ids, secrets, and wherever they are part of a text.
"""

import asyncio
import pickle
import re
import secrets
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import uvloop

from bench.buying import Told
from bench.people import Buyer
from purvey.kit.db import speak_json
from purvey.kit.ids import new_id, token_hash

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SECRETS = re.compile(r"(?<![\w-])(?:tb_[\w-]{22}|[\w-]{32})(?![\w-])")  # of the bank: a payment's and a checkout's

Statement = tuple[str, tuple[Any, ...]]
Units = list[list[Statement]]


class Recording(NamedTuple):
    """What one purchase asked of the database, whose it was, and when it began."""

    buyer: Buyer
    began: datetime
    units: Units
    left_out: int

    @property
    def statements(self) -> int:
        return sum(len(unit) for unit in self.units)


class Anew:
    """A recorded purchase, made over for another buyer. What was there before the purchase stays what it was."""

    def __init__(self, recording: Recording) -> None:
        self.was, self.units = recording.buyer, recording.units
        self.made = {each for each in UUIDS.findall(repr(self.units)) if is_new(UUID(each), recording.began)}

    def made_for(self, buyer: Buyer) -> Units:
        """Its statements for this buyer."""
        self.fresh = {each: str(new_id()) for each in sorted(self.made)} | {self.was.id: buyer.id}
        self.digests = {token_hash(self.was.token): token_hash(buyer.token)}
        self.names = (self.was.name, buyer.name)
        self.secrets: dict[str, str] = {}
        return [[(sql, tuple(self.over(arg) for arg in args)) for sql, args in unit] for unit in self.units]

    def over(self, value: Any) -> Any:
        if isinstance(value, UUID):
            return UUID(self.fresh.get(str(value), str(value)))
        if isinstance(value, str):
            return self.text(str(value))
        if isinstance(value, bytes):
            return self.digests.get(value) or self.binary(value)
        if isinstance(value, dict):
            return {name: self.over(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.over(each) for each in value]
        return value

    def binary(self, value: bytes) -> bytes:
        try:
            return self.text(value.decode()).encode()
        except UnicodeDecodeError:
            return value

    def text(self, value: str) -> str:
        value = UUIDS.sub(lambda found: self.fresh.get(found[0], found[0]), value)
        value = SECRETS.sub(lambda found: self.secret(found[0]), value)
        return value.replace(f"{self.names[0]}@", f"{self.names[1]}@")

    def secret(self, was: str) -> str:
        if was not in self.secrets:
            head = "tb_" if was.startswith("tb_") else ""
            self.secrets[was] = head + secrets.token_urlsafe(32)[: len(was) - len(head)]
        return self.secrets[was]


def is_new(id: UUID, began: datetime) -> bool:
    """Made since then: ids tell their time, and those that are made from others do not tell."""
    return id.version == 5 or (id.version == 7 and id.int >> 80 >= int(began.timestamp() * 1000))


async def run(dsn: str, recording: Recording, early: list[Buyer], buyers: list[Buyer], *, at_once: int) -> Told:
    over = Anew(recording)
    pool = await asyncpg.create_pool(dsn, min_size=at_once, max_size=at_once, init=speak_json)
    for crowd in (early, buyers):
        waiting = iter([over.made_for(buyer) for buyer in crowd])
        told = Told()
        began = time.perf_counter()
        await asyncio.gather(*(till(pool, waiting, told) for _ in range(at_once)))
        told.seconds = time.perf_counter() - began
    await pool.execute("delete from pgqueuer")  # jobs that are nobody's: what they are for was done here
    await pool.close()
    return told


async def till(pool: Any, waiting: Iterator[Units], told: Told) -> None:
    async with pool.acquire() as connection:
        for units in waiting:
            began = time.perf_counter()
            for unit in units:
                await commit(connection, unit)
            told.bought += 1
            told.milliseconds.append((time.perf_counter() - began) * 1000)


async def commit(connection: Any, unit: list[Statement]) -> None:
    """A transaction, or a statement that is one by itself."""
    if len(unit) == 1:
        await connection.fetch(unit[0][0], *unit[0][1])
        return
    async with connection.transaction():
        for sql, args in unit:
            await connection.fetch(sql, *args)


if __name__ == "__main__":
    recording, early, buyers = pickle.load(sys.stdin.buffer)
    told = uvloop.run(run(sys.argv[1], recording, early, buyers, at_once=int(sys.argv[2])))
    print(msgspec.json.encode(told).decode())
