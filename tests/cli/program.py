"""The program as a user runs it: a process of its own, with a home and a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

START_SECONDS = 60
RUN = [sys.executable, "-c", "import sys; sys.argv[0] = 'purvey'; from purvey.cli import main; main()"]


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Nothing of this process' own settings, and the program's source on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PURVEY_")}
    source = str(Path(__file__).parents[2] / "src")
    return kept | {"PURVEY_HOME": str(home), "PYTHONPATH": source} | settings


def run(home: Path, *words: str, input: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [*RUN, *words],
        env=environment(home, **settings),
        input=input,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


class Running:
    """A program that serves until it is told to end."""

    def __init__(self, home: Path, *words: str, port: int | None = None, **settings: str) -> None:
        self.port = port or free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log = home.with_suffix(".log")
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*RUN, *words, "--port", str(self.port)], env=environment(home, **settings), stdout=log, stderr=log
            )
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                if httpx.get(f"{self.base_url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"not up after {START_SECONDS} s: {self.log.read_text()[-3000:]}")

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()
