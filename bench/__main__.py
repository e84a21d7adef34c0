"""Every figure, in one run: what is measured, what it is held against, and the ratio of the two."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from bench import statements
from bench.stock_of_goods import fill
from purvey.kit.migrate import migrate
from purvey.kit.postgres import EmbeddedPostgres

SECONDS = 4.0
CONNECTIONS = 16
ROUNDS = 3


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="purvey-bench-") as folder:
        home = Path(folder)
        server = EmbeddedPostgres(home / "postgres").start()
        try:
            asyncio.run(prepare(server.dsn))
            reads(server.dsn, home)
        finally:
            server.stop()


async def prepare(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await migrate(connection)
    await fill(connection)
    await connection.close()


def reads(dsn: str, home: Path) -> None:
    """Each public read beside a bare door with the same statement, in turn, so that both see the same machine."""
    with serving(dsn, home) as (shop, bare, process):
        site = statements.SITE
        pairs = [
            ("a door that does nothing", f"{shop}/healthz", f"{bare}/nothing", None),
            ("the shop's list, 20 of 1,000", f"{shop}/v1/s/{site}/shop", f"{bare}/shelf", 0.8),
            ("a product", f"{shop}/v1/s/{site}/shop/{statements.PRODUCT_SLUG}", f"{bare}/product", 0.8),
        ]
        print(f"{'':32}{'purvey/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'bare/s':>10}{'ratio':>8}{'aim':>7}")
        for name, ours, theirs, aim in pairs:
            got, held = best(ours, theirs)
            ratio = got["rate"] / held["rate"]
            print(
                f"{name:32}{got['rate']:10.0f}{got['p50_ms']:9.2f}{got['p99_ms']:9.2f}{held['rate']:10.0f}"
                f"{ratio:8.2f}{aim or '':>7}" + (f"   {got['failed']:.0f} failed" if got["failed"] else ""),
                flush=True,
            )
        print(f"memory of the serving process: {psutil.Process(process).memory_info().rss / 2**20:.0f} MiB")


def best(ours: str, theirs: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The better of some rounds each, taken in turn: what else the machine did counts least."""
    rounds = [(ask(ours), ask(theirs)) for _ in range(ROUNDS)]
    return tuple(max((one[side] for one in rounds), key=lambda got: got["rate"]) for side in (0, 1))  # type: ignore[return-value]


def ask(url: str) -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, "-m", "bench.load", url, str(CONNECTIONS), str(SECONDS)],
        check=True,
        capture_output=True,
        text=True,
    )
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


@contextmanager
def serving(dsn: str, home: Path) -> Iterator[tuple[str, str, int]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server", dsn, str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the log is written as in production, and thrown away
        text=True,
    )
    assert process.stdout is not None
    try:
        shop, bare = process.stdout.readline().split()
        time.sleep(0.5)
        yield f"http://127.0.0.1:{shop}", f"http://127.0.0.1:{bare}", process.pid
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
