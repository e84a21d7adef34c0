"""`purvey` as its operator runs it: a process on a port, that can be killed and started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx

import purvey

SECRET_KEY = "a-secret-key-of-the-tests-0123456789-abcdefgh"
START_SECONDS = 60
PURVEY = (sys.executable, "-c", "from purvey.cli import main; main()")
BREAKING = (sys.executable, "-c", "from tests.proof.breaking import main; main()")
SOURCES = Path(purvey.__file__).parents[1]
TESTS = Path(__file__).parents[2]


class Program:
    """One installation: its home, its database, its port. Everything it is told comes by environment."""

    def __init__(self, home: Path, dsn: str | None, *, called: tuple[str, ...] = PURVEY) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.called = called
        self.home, self.dsn, self.port = home, dsn, free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log = home / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def environment(self, **told: str) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PURVEY_")}
        return (
            ours
            | ({} if self.dsn is None else {"PURVEY_DATABASE_URL": self.dsn})
            | {
                "PYTHONPATH": f"{SOURCES}{os.pathsep}{TESTS}",
                "PURVEY_HOME": str(self.home),
                "PURVEY_SECRET_KEY": SECRET_KEY,
                "PURVEY_BASE_URL": self.base_url,
                "PURVEY_TEST_BANK": "1",
                **told,
            }
        )

    async def serves(self, *options: str, failpoint: str | None = None, **told: str) -> None:
        """Start it, and wait until it answers."""
        told |= {} if failpoint is None else {"PURVEY_FAILPOINT": failpoint}
        self.process = self.begins("serve", "--port", str(self.port), *options, **told)
        async with httpx.AsyncClient(base_url=self.base_url) as http, asyncio.timeout(START_SECONDS):
            while True:
                assert self.process.poll() is None, self.said()
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    def works(self) -> subprocess.Popen[bytes]:
        """Start one more process that does nothing but background work."""
        self.workers.append(self.begins("work"))
        return self.workers[-1]

    def begins(self, *command: str, **told: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.called, *command], env=self.environment(**told), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    async def dies(self, *, seconds: float = 20) -> None:
        """It was killed by itself, at its failpoint."""
        assert self.process is not None
        async with asyncio.timeout(seconds):
            while self.process.poll() is None:
                await asyncio.sleep(0.02)
        assert self.process.returncode == -signal.SIGKILL, self.said()

    def stops(self) -> None:
        """End all of it, whatever it does."""
        running = [process for process in (self.process, *self.workers) if process and process.poll() is None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    async def runs(self, *command: str, **told: str) -> tuple[int, str]:
        """Another command of the same installation: its exit code, and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(*self.called, *command),
            env=self.environment(**told),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    def said(self) -> str:
        return self.log.read_text()[-4000:]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def copied_database(postgres: str, name: str, *, template: str) -> str:
    """A database that is another's likeness."""
    connection = await asyncpg.connect(postgres)
    await connection.execute(f'drop database if exists "{name}" with (force)')
    await connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
    await connection.close()
    return postgres.replace("/purvey?", f"/{name}?")
