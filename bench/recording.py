"""One whole purchase, as PostgreSQL sees it: each statement with what is bound to it, in its transaction.

`python -m bench.recording DSN HOME PRODUCT` reads buyers from its input, lets one buy through a served shop, and
prints what was asked of the database. Of the job engine only what we ask of it ourselves is kept: jobs are enqueued
with the events they follow from; its polling, and what it writes down of its jobs, are left out.
"""

import asyncio
import pickle
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
import uvloop

from bench import buying
from bench.people import Buyer
from bench.replay import Recording, Statement, Units
from bench.shop import free_port
from purvey.app import build
from purvey.kit import logs
from purvey.settings import Settings
from purvey.worker import work
from purvey.world import World, open_world

SECRET = "b" * 32
CONNECTIONS = 20
QUIET_SECONDS = 1.0
OF_THE_ENGINE = ("pgqueuer", "pg_notify", "job_begins", "LISTEN", "UNLISTEN")
OURS = "insert into events"
OF_THE_DRIVER = ("typeinfo_tree", "'jit'")  # what asyncpg asks once on each connection
BEGINS, ENDS, UNDOES = ("BEGIN",), ("COMMIT",), ("ROLLBACK",)


class Recorder:
    """Keeps each connection's statements, and gives them by transaction, in the order in which these ended."""

    def __init__(self) -> None:
        self.units: Units = []
        self.open: dict[int, list[Statement]] = {}
        self.left_out = 0

    async def listen(self, world: World) -> None:
        """On every connection there will be: the pool is opened whole."""
        held = [await world.db.pool.acquire() for _ in range(CONNECTIONS)]
        for number, connection in enumerate(held):
            connection.add_query_logger(self.on(number))
        for connection in held:
            await world.db.pool.release(connection)

    def on(self, number: int) -> Any:
        def hear(query: Any) -> None:
            self.hear(number, query.query, query.args or ())

        return hear

    def hear(self, number: int, sql: str, args: tuple[Any, ...]) -> None:
        transaction = self.open.get(number)
        if any(word in sql for word in OF_THE_DRIVER):
            return
        if OURS not in sql and any(word in sql for word in OF_THE_ENGINE):
            self.left_out += 1
        elif sql.startswith(BEGINS):
            self.open[number] = []
        elif sql.startswith(ENDS):
            self.units.append(self.open.pop(number))
        elif sql.startswith(UNDOES) and transaction is not None:
            del self.open[number]
        elif transaction is not None:
            transaction.append((sql, args))
        else:
            self.units.append([(sql, args)])

    def forget(self) -> None:
        self.units.clear()
        self.left_out = 0


async def record(dsn: str, home: Path, product: str, buyers: list[Buyer]) -> bytes:
    logs.set_up("json")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = Settings(home=home, secret_key=SECRET, base_url=url, test_bank=True)
    async with open_world(settings, dsn=dsn) as world:
        recorder = Recorder()
        await recorder.listen(world)
        server = uvicorn.Server(uvicorn.Config(build(world), port=port, log_config=None, lifespan="off"))
        stop = asyncio.Event()
        running = [
            asyncio.create_task(server.serve()),
            asyncio.create_task(work(world.db, clock=world.clock, reactions=world.reactions, stop=stop)),
        ]
        while not server.started:
            await asyncio.sleep(0.01)
        for buyer in buyers:  # the first ones warm up what is looked up once
            recorder.forget()
            began = datetime.now(UTC)
            await buying.run(buying.Plan(dsn, url, product, [buyer], at_once=1))
            await asyncio.sleep(QUIET_SECONDS)  # what follows from a purchase is part of it
        kept = pickle.dumps(Recording(buyers[-1], began, recorder.units, recorder.left_out))
        stop.set()
        server.should_exit = True
        await asyncio.gather(*running)
    return kept


if __name__ == "__main__":
    told = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Buyer])
    sys.stdout.buffer.write(uvloop.run(record(sys.argv[1], Path(sys.argv[2]), sys.argv[3], told)))
