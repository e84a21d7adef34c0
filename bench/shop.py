"""`purvey serve`, as an operator starts it, on a migrated database."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import psutil

PATIENCE_SECONDS = 180.0
PURVEY = [sys.executable, "-c", "import sys; from purvey.cli import main; sys.exit(main())"]


class Served(msgspec.Struct, frozen=True):
    """A shop that answers, and how long that took from its start."""

    url: str
    pid: int
    seconds: float

    @property
    def mebibytes(self) -> float:
        """What its processes hold of the memory, together."""
        whole = psutil.Process(self.pid)
        return float(sum(each.memory_info().rss for each in [whole, *whole.children(recursive=True)]) / 2**20)


@contextmanager
def started(command: str, home: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """`purvey serve` or `purvey demo`, until the block ends. The first start in a home compiles the program."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    given = {name: value for name, value in os.environ.items() if not name.startswith("PURVEY_")}
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    given |= {"PURVEY_HOME": str(home), "PURVEY_BASE_URL": url, "PYTHONPYCACHEPREFIX": str(home / "bytecode")}
    given |= environment
    began = time.perf_counter()
    process = subprocess.Popen(
        [*PURVEY, command, "--port", str(port)], env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield Served(url, process.pid, until_it_answers(url, process) - began)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)


def until_it_answers(url: str, process: subprocess.Popen[bytes]) -> float:
    """When the first 200 came."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    with httpx.Client() as http:
        while time.perf_counter() < deadline:
            assert process.poll() is None, f"purvey ended with {process.returncode}"
            try:
                if http.get(f"{url}/readyz").status_code == 200:
                    return time.perf_counter()
            except httpx.TransportError:
                time.sleep(0.005)
    raise AssertionError("purvey does not answer")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
