"""One PostgreSQL for the run, one database and one served shop for each test process."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import hypothesis
import msgspec
import pytest
import uvicorn

from purvey.app import build
from purvey.kit.migrate import migrate
from purvey.kit.postgres import EmbeddedPostgres
from purvey.kit.wire import InOnePiece
from purvey.settings import Settings
from purvey.worker import work
from purvey.world import World, open_world
from tests.vocabulary.shop import Clock, Shop

if TYPE_CHECKING:
    from tests.vocabulary.chain import Chain

POSTGRES_HOME = "TEST_POSTGRES_HOME"
POSTGRES_SETTINGS = {"fsync": "off", "max_connections": "300"}

# Searches are bounded and alike in every run of `make test`; `make proof` searches on, at random.
hypothesis.settings.register_profile("default", max_examples=50, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("proof", max_examples=2_000, deadline=None, print_blob=True)
hypothesis.settings.load_profile("default")


def pytest_configure(config: pytest.Config) -> None:
    """The controller makes the folder of the run's PostgreSQL; test processes find it in the environment.

    pytest's own folders are closed to the account that root's server runs as.
    """
    if POSTGRES_HOME not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="purvey-tests-"))
        folder.chmod(0o755)
        os.environ[POSTGRES_HOME] = str(folder)
        config.add_cleanup(forget_postgres)


def forget_postgres() -> None:
    """Stop what a killed test process left running, and leave nothing behind."""
    home = Path(os.environ.pop(POSTGRES_HOME))
    if (home / "postgres" / "data" / "postmaster.pid").exists():
        EmbeddedPostgres(home, settings=POSTGRES_SETTINGS).start().stop()
    shutil.rmtree(home)


NOWHERE = "http://127.0.0.1:9"  # no test ever asks the real Stripe


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server that all test processes share; `/purvey?` in it names the database."""
    server = EmbeddedPostgres(Path(os.environ[POSTGRES_HOME]), settings=POSTGRES_SETTINGS).start()
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
        server = uvicorn.Server(
            uvicorn.Config(build(world), http=InOnePiece, log_config=None, lifespan="off", access_log=False)
        )
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
        home=tmp_path_factory.mktemp("home"), secret_key="k" * 20 + "test-secret-key", test_bank=True, sign_up_limit=0,
        siwa_plain_wallets=True,
    )  # fmt: skip
    async with served(settings, dsn=dsn, clock=clock) as (world, base_url):
        yield world, base_url, clock


@pytest.fixture
async def shop(running: tuple[World, str, Clock]) -> AsyncIterator[Shop]:
    """A shop whose clock is right when the story begins."""
    world, base_url, clock = running
    clock.offset *= 0
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as http:
        yield Shop(world, base_url=base_url, clock=clock, http=http)


@pytest.fixture(scope="session")
async def running_chains() -> AsyncIterator["Chain"]:
    from tests.vocabulary.chain import running_chain  # what it imports takes a second

    async with running_chain() as chain:
        yield chain


@pytest.fixture
async def chain(running_chains: "Chain") -> AsyncIterator["Chain"]:
    """A real chain with real USDC. What a test switched off is on again for the next."""
    yield running_chains
    await running_chains.mines_by_itself(True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
