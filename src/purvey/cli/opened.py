"""Opening what a command works on: settings, the embedded database or the one named, the world."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import asyncpg
import structlog

from purvey import access, payments
from purvey.kit import logs
from purvey.kit.db import Tx
from purvey.kit.migrate import MigrationError, pending
from purvey.kit.postgres import EmbeddedPostgres, EmbeddedPostgresError
from purvey.settings import Settings, SettingsError, read_settings
from purvey.world import World, open_world

log = structlog.get_logger("purvey.database")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOOK_SECONDS = 0.5
RARELY_SECONDS = 60.0


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of the database; the embedded one runs until the block ends."""
    if settings.database_url:
        yield settings.database_url.reveal()
        return
    server = EmbeddedPostgres(settings.home).start()
    over = threading.Event()
    keeper = threading.Thread(target=keep_alive, args=(server, over), name="database keeper")
    keeper.start()
    try:
        yield server.dsn
    finally:
        over.set()
        keeper.join()
        server.stop()


def keep_alive(server: EmbeddedPostgres, over: threading.Event) -> None:
    """Start the database again whenever it dies, until it is `over`; where that fails, more and more rarely."""
    pause = LOOK_SECONDS
    while not over.wait(pause):
        try:
            if server.revive():
                log.warning("the database had died and was started again")
            pause = LOOK_SECONDS
        except EmbeddedPostgresError as error:
            pause = min(2 * pause, RARELY_SECONDS)
            log.error("the database died and does not start", error=str(error), again_in_seconds=pause)


@asynccontextmanager
async def database_while_running(settings: Settings) -> AsyncIterator[str]:
    """The same inside a running event loop."""
    holding = database(settings)
    dsn = await asyncio.to_thread(holding.__enter__)
    try:
        yield dsn
    finally:
        await asyncio.to_thread(holding.__exit__, None, None, None)


async def refuse_pending(dsn: str) -> None:
    """MigrationError when the database is behind this version."""
    connection = await asyncpg.connect(dsn)
    try:
        if waiting := await pending(connection):
            raise MigrationError(
                f"the database lacks {len(waiting)} migration(s), first {waiting[0].name}: run `purvey migrate`"
            )
    finally:
        await connection.close()


async def refuse_play_money(settings: Settings, dsn: str) -> None:
    """PlayMoney when the test bank is on and a tenant's key is live. What the settings say was refused before."""
    connection = await asyncpg.connect(dsn)
    try:
        await payments.refuse_live_keys(Tx(connection), settings)
    finally:
        await connection.close()


async def refuse_demo_people(settings: Settings, dsn: str) -> None:
    """SettingsError where the demo's people, whose password everybody reads, would be let in from outside."""
    if urlsplit(settings.base_url).hostname in LOOPBACK:
        return
    from purvey.cli.seed import DEMO_PASSWORD, PEOPLE

    connection = await asyncpg.connect(dsn)
    try:
        for email, _, _ in PEOPLE:
            if await access.lets_in(Tx(connection), email, DEMO_PASSWORD):
                raise SettingsError(
                    f"this is the demo's shop, where {email} signs in with a password that everybody knows: "
                    "make one of your own in another PURVEY_HOME, by `purvey migrate`"
                )
    finally:
        await connection.close()


async def refuse_unfit(settings: Settings, dsn: str) -> None:
    """MigrationError, PlayMoney, SettingsError: what a shop that serves or works does not stand on."""
    await refuse_pending(dsn)
    await refuse_play_money(settings, dsn)
    await refuse_demo_people(settings, dsn)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """The world of a command that runs and ends."""
    settings = read_settings()
    logs.set_up(settings.log_format)
    async with database_while_running(settings) as dsn:
        await refuse_pending(dsn)
        async with open_world(settings, dsn=dsn) as opened:
            yield opened


def refuse_address(host: str, port: int) -> None:
    """SettingsError for an address that cannot be listened on, before anything is started for it."""
    if not 0 < port < 65536:
        raise SettingsError(f"there is no port {port}: give one from 1 to 65535")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error.strerror}; end what is there, or choose another --port"
        ) from None
