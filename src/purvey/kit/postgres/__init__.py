"""The PostgreSQL that comes with purvey: started when no other database was given, shared by every
process of one home, stopped by the last to leave. Killing any of them loses nothing.
"""

import asyncio
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import asyncpg

from purvey.kit.postgres.homeless import sweep_homeless
from purvey.kit.postgres.place import ELSEWHERE, EmbeddedPostgresError, find_place, pause
from purvey.kit.postgres.server import SETTINGS, Server

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "sweep_homeless"]

START_SECONDS: Final = 600
CONNECT_SECONDS: Final = 10


class EmbeddedPostgres:
    """The server of one home, for any number of processes and threads.

    `home` is made when absent. `settings` are in the words of `postgresql.conf` and count when this is the one
    to start the server. `start` and `stop` block, so async code calls them by `asyncio.to_thread`.
    """

    def __init__(
        self,
        home: Path,
        *,
        database: str = "purvey",
        settings: Mapping[str, str] | None = None,
        elsewhere: Path = ELSEWHERE,
    ) -> None:
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", database):
            raise ValueError(f"a database is named by a-z, 0-9 and _, not {database!r}")
        self._home = home.resolve()
        self._database = database
        self._settings = {**SETTINGS, **(settings or {})}
        self._elsewhere = elsewhere
        self._use: int | None = None
        self._server: Server | None = None

    @property
    def dsn(self) -> str:
        """Where the started database answers, for asyncpg and libpq; holds its password."""
        if self._server is None:
            raise RuntimeError("the database was not started")
        return self._server.dsn(self._database)

    def start(self) -> Self:
        """Start the server, or join the one that runs. Raises `EmbeddedPostgresError`."""
        if self._use is not None:
            return self
        deadline = time.monotonic() + START_SECONDS
        with _mends(), _alone(self._home, deadline):
            self._use = _open_lock(self._home / "postgres.use.lock")
            fcntl.flock(self._use, fcntl.LOCK_SH)
            try:
                self._server = Server(find_place(self._home, self._elsewhere), self._settings)
                self._server.serve(deadline)
                # In a thread, because the caller's may have an event loop of its own.
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(asyncio.run, _ensure_database(self._server, self._database)).result()
            except BaseException:
                self._let_go()
                raise
        return self

    def revive(self) -> bool:
        """Start the server again if it died under us; whether it had. Raises `EmbeddedPostgresError`."""
        if self._server is None or self._server.is_running:
            return False
        deadline = time.monotonic() + START_SECONDS
        with _mends(), _alone(self._home, deadline):
            self._server.serve(deadline)
        return True

    def stop(self) -> None:
        """Let go of the server; the last to do so on this machine stops it."""
        if self._use is None:
            return
        with _mends(), _alone(self._home, time.monotonic() + START_SECONDS):
            self._let_go()

    def _let_go(self) -> None:
        # A kernel lock, unlike a list of process ids, forgets whoever was killed.
        assert self._use is not None
        try:
            if self._server and _try_lock(self._use):
                self._server.shut_down()
        finally:
            os.close(self._use)
            self._use = self._server = None


async def _ensure_database(server: Server, database: str) -> None:
    try:
        connection = await asyncpg.connect(server.dsn(database), timeout=CONNECT_SECONDS)
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(server.dsn("postgres"), timeout=CONNECT_SECONDS)
        await connection.execute(f'create database "{database}"')
    await connection.close()


@contextmanager
def _alone(home: Path, deadline: float) -> Iterator[None]:
    """One process or thread at a time starts and stops the server."""
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    lock_file = home / "postgres.start.lock"
    lock = _open_lock(lock_file)
    try:
        while not _try_lock(lock):
            pause(deadline, f"another process is still starting or stopping the database and holds {lock_file}")
        yield
    finally:
        os.close(lock)


def _open_lock(lock_file: Path) -> int:
    """A lock that no other account can hold: it may not open ours, and we wait for none of its own."""
    lock = os.open(lock_file, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    found = os.fstat(lock)
    if not stat.S_ISREG(found.st_mode) or found.st_uid not in (os.geteuid(), lock_file.parent.stat().st_uid):
        os.close(lock)
        raise EmbeddedPostgresError(
            f"{lock_file} was put there by another account: remove it, and chmod go-w its folder"
        )
    if found.st_mode & 0o077:
        lock_file.chmod(0o600)
    return lock


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _mends() -> Iterator[None]:
    try:
        yield
    except PermissionError as refusal:
        raise EmbeddedPostgresError(f"{refusal.filename} belongs to another account: run as that one") from refusal
    except OSError as failure:
        raise EmbeddedPostgresError(f"no database: {failure}") from failure
    except asyncpg.PostgresError as failure:
        raise EmbeddedPostgresError(f"the database refuses us: {failure}") from failure
