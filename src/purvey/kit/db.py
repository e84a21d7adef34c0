"""One pool, one way to open a transaction, rows straight into frozen values."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from enum import Enum
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

import asyncpg
import msgspec
import structlog

from purvey.kit.seldom import Seldom

if TYPE_CHECKING:
    from purvey.kit.events import Event

T = TypeVar("T")
Record = Mapping[str, Any]
STATEMENT_SECONDS = 30
CONNECTION_SECONDS = 30.0  # a crowd that stands in line for a sale gets its turn; longer than that is an overload
AGAIN_AFTER_SECONDS = 2
tell = Seldom(structlog.get_logger("purvey.db"))


class DatabaseAway(ConnectionError):
    """No connection can be had, or one was lost before its transaction could end: nothing was done."""


# By these the database says that it is going, coming, or full; the driver's own word is for a connection on which
# the server took leave while nobody asked, and which it has not closed yet.
AWAY = (
    DatabaseAway,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


def tell_away(error: BaseException) -> None:
    """Say that the database is away; whoever asks for it meanwhile is counted, and not told one by one."""
    tell.warning("database unavailable", error=repr(error))


class Queries(ABC):
    """What can be asked of a connection. The first word says how many rows are expected."""

    __slots__ = ()

    @property
    @abstractmethod
    def connection(self) -> Any:
        """What asyncpg runs it on."""

    @abstractmethod
    def one_moment(self) -> AbstractAsyncContextManager["Queries"]:
        """What is asked inside is answered as of one moment, however many statements it takes."""

    async def rows(self, kind: type[T], sql: str, *values: object) -> list[T]:
        """Every row, as values of `kind`; columns are matched by name."""
        return [read(kind, record) for record in await self.connection.fetch(sql, *values)]

    async def maybe(self, kind: type[T], sql: str, *values: object) -> T | None:
        """The first row, or None."""
        record = await self.connection.fetchrow(sql, *values)
        return None if record is None else read(kind, record)

    async def one(self, kind: type[T], sql: str, *values: object) -> T:
        """The one row there must be; its absence is a bug."""
        found = await self.maybe(kind, sql, *values)
        assert found is not None, f"no row: {sql}"
        return found

    async def records(self, sql: str, *values: object, seconds: float | None = None) -> list[Record]:
        """Rows as they come, for reports. `seconds`: how long it may take, if longer than other statements."""
        return list(await self.connection.fetch(sql, *values, timeout=seconds))

    async def record(self, sql: str, *values: object) -> Record | None:
        found: Record | None = await self.connection.fetchrow(sql, *values)
        return found

    async def value(self, sql: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        return await self.connection.fetchval(sql, *values)

    async def do(self, sql: str, *values: object) -> int:
        """Run a statement; how many rows it touched."""
        status: str = await self.connection.execute(sql, *values)
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0


class Tx(Queries):
    """A transaction in progress. What is published in it is written when it commits, or not at all."""

    __slots__ = ("_connection", "published")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.published: list[Event] = []

    @property
    def connection(self) -> Any:
        return self._connection

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[Queries]:
        """The transaction as it is: its caller has chosen what it sees."""
        yield self


Flush = Callable[[Tx], Any]
ambient: ContextVar[Tx | None] = ContextVar("ambient transaction", default=None)


class Database(Queries):
    """The pool. Reads go through it directly, one statement each; writes open a transaction.

    `flush` writes what a transaction published, just before it commits.
    """

    __slots__ = ("flush", "pool")

    def __init__(self, pool: asyncpg.Pool, flush: Flush) -> None:
        self.pool = pool
        self.flush = flush

    @property
    def connection(self) -> Any:
        """The pool, or the transaction that an idempotent request has open: it must see its own writes."""
        outer = ambient.get()
        return self.pool if outer is None else outer.connection

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[Queries]:
        """A snapshot that only reads, and that waits for nobody."""
        outer = ambient.get()
        if outer is not None:
            yield outer
            return
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield Tx(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction of one's own, or a savepoint in the one that an idempotent request has open."""
        outer = ambient.get()
        if outer is not None:
            count = len(outer.published)
            try:
                async with transacted(outer.connection):
                    yield outer
            except BaseException:
                del outer.published[count:]
                raise
            return
        async with self.pool.acquire() as connection, transacted(connection):
            tx = Tx(connection)
            yield tx
            if tx.published:
                await self.flush(tx)

    @asynccontextmanager
    async def shared_transaction(self) -> AsyncIterator[Tx]:
        """A transaction that every `transaction()` of this task joins, for a request kept with its answer."""
        async with self.transaction() as tx:
            token = ambient.set(tx)
            try:
                yield tx
            finally:
                ambient.reset(token)


class Pool(asyncpg.Pool):  # type: ignore[misc]
    """Connections to share. Nobody waits for one longer than `CONNECTION_SECONDS`: TimeoutError."""

    async def _acquire(self, timeout: float | None) -> Any:
        async with asyncio.timeout(timeout or CONNECTION_SECONDS):  # the pool's own deadline makes a task each time
            return await super()._acquire(None)


@asynccontextmanager
async def transacted(connection: Any) -> AsyncIterator[None]:
    """A transaction, or a savepoint in one; DatabaseAway when its connection was lost before it could end."""
    try:
        async with connection.transaction():
            yield
    except asyncpg.InterfaceError as error:
        if not is_lost(connection):
            raise
        raise DatabaseAway(f"the database went: {error}") from error


def is_lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # its pool has given it up already
        return True


async def connect(
    dsn: str,
    *,
    min_size: int = 2,
    max_size: int = 20,
    pooler: bool = False,
    statement_seconds: int = STATEMENT_SECONDS,
) -> Database:
    """Open a pool. `pooler`: a transaction-pooling proxy stands between, so no statement is kept prepared.

    A statement that takes longer than `statement_seconds` is cancelled: TimeoutError.

    Until its `flush` is set by the wiring, nothing may be published.
    """
    pool = await Pool(
        dsn,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        setup=None,
        loop=None,
        connect=reach,
        min_size=min_size,
        max_size=max_size,
        init=speak_json,
        reset=leave_as_it_is,
        command_timeout=statement_seconds,
        statement_cache_size=0 if pooler else 500,
        server_settings={"application_name": "purvey", "timezone": "UTC"},
    )
    return Database(pool, nobody_listens)


async def leave_as_it_is(_: Any) -> None:
    """Nothing of ours outlives its transaction, so a connection goes back to the pool without a round trip."""


async def reach(*where: Any, **how: Any) -> Any:
    """A connection. A socket that is not there, or does not answer, is a database that is away: the same refusal."""
    try:
        return await asyncpg.connect(*where, **how)
    except OSError as error:
        raise DatabaseAway(f"the database is away: {error}") from error


async def nobody_listens(tx: Tx) -> None:
    """The flush of a database that was not wired to reactions yet."""
    raise AssertionError(f"published before the wiring: {tx.published}")


async def speak_json(connection: Any) -> None:
    """jsonb comes and goes as Python values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",
    )


def read(kind: type[T], record: Record) -> T:
    """A row as a value of `kind`: enums, money and nested structs are made from what the row holds."""
    values = dict(record.items())
    for name, convert in conversions(cast(Hashable, kind)):
        if values.get(name) is not None:
            values[name] = convert(values[name])
    return kind(**values)


@cache
def conversions(kind: Any) -> Sequence[tuple[str, Callable[[Any], Any]]]:
    """Which fields of a struct need more than the driver gives: enums, and structs kept as jsonb."""
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for field in msgspec.structs.fields(kind):
        for option in [*get_args(field.type), field.type]:
            if isinstance(option, type) and issubclass(option, Enum):
                found.append((field.name, option))
                break
            if isinstance(option, type) and issubclass(option, msgspec.Struct):
                found.append((field.name, partial(msgspec.convert, type=field.type)))
                break
    return found


async def patiently(connect_once: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """Try until a database that is just starting answers; the last error is raised."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await connect_once()
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError):
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)
