"""One PostgreSQL for the run, one database and one served shop for each test process."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest
import uvicorn

from purvey.app import build
from purvey.kit.migrate import migrate
from purvey.kit.postgres import EmbeddedPostgres
from purvey.settings import Settings
from purvey.worker import work
from purvey.world import World, open_world
from tests.vocabulary.shop import Clock, Shop


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that all test processes share; `{}` stands for the database."""
    base = tmp_path_factory.getbasetemp()
    home = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    server = EmbeddedPostgres(home / "postgres", settings={"fsync": "off", "max_connections": "300"}).start()
    yield server.dsn
    server.stop()


async def fresh_database(dsn: str, name: str) -> str:
    """A new, migrated database beside the given one."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(f'drop database if exists "{name}" with (force)')
    await connection.execute(f'create database "{name}"')
    await connection.close()
    fresh = dsn.replace("/purvey?", f"/{name}?")
    connection = await asyncpg.connect(fresh)
    await migrate(connection)
    await connection.close()
    return fresh


@contextlib.asynccontextmanager
async def served(settings: Settings, *, dsn: str, clock: Clock) -> AsyncIterator[tuple[World, str]]:
    """A shop on a free port of this machine, with its worker, until the end of the block."""
    # Named protocol: asyncio turns Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = msgspec.structs.replace(settings, base_url=base_url)
    async with open_world(settings, dsn=dsn, clock=clock) as world:
        server = uvicorn.Server(uvicorn.Config(build(world), log_config=None, lifespan="off", access_log=False))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        stop = asyncio.Event()
        working = asyncio.create_task(
            work(world.db, clock=world.clock, reactions=world.reactions, sweeps=world.sweeps, stop=stop)
        )
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield world, base_url
        finally:
            stop.set()
            server.should_exit = True
            await asyncio.gather(serving, working)


@pytest.fixture(scope="session")
async def running(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[tuple[World, str, Clock]]:
    """The shop that most stories of this test process happen in."""
    clock = Clock()
    dsn = await fresh_database(postgres, f"stories_{worker_id}")
    settings = Settings(
        home=tmp_path_factory.mktemp("home"), secret_key="k" * 20 + "test-secret-key", test_bank=True, sign_up_limit=0
    )
    async with served(settings, dsn=dsn, clock=clock) as (world, base_url):
        yield world, base_url, clock


@pytest.fixture
async def shop(running: tuple[World, str, Clock]) -> AsyncIterator[Shop]:
    """A shop whose clock is right when the story begins."""
    world, base_url, clock = running
    clock.offset *= 0
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as http:
        yield Shop(world, base_url=base_url, clock=clock, http=http)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
