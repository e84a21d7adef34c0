"""Every figure, in one run: what is measured, what it is held against, and the ratio of the two.

`python -m bench [--json FILE]`
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from bench import agents, purchases, reads, scale
from bench.buying import SOLD_ALOUD
from bench.figures import Figure, say, table, write_json
from bench.stock_of_goods import fill
from purvey.kit.migrate import migrate
from purvey.kit.postgres import EmbeddedPostgres


def main() -> None:
    asked = argparse.ArgumentParser(prog="bench", description="The figures of the README, from one run.")
    asked.add_argument("--json", type=Path, help="write the figures to this file as well")
    file, before = asked.parse_args().json, os.getloadavg()[0]
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="purvey-bench-") as folder:
        Path(folder).chmod(0o755)  # for the account that root's PostgreSQL runs as
        try:
            found.extend(told(measure(Path(folder))))
        finally:
            print(f"\n{table(found)}\n\n{machine(before)}")
    if file:
        write_json(found, file)


def measure(folder: Path) -> Iterator[Figure]:
    server = EmbeddedPostgres(folder / "postgres").start()
    try:
        asyncio.run(prepare(server.dsn))
        yield from reads.figures(server.dsn, folder)
        yield from purchases.figures(server.dsn, folder)
        yield from agents.figures(server.dsn, folder)
        yield scale.figure(server.dsn)
    finally:
        server.stop()
    yield purchases.demo_again(folder)


async def prepare(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await migrate(connection)
    await connection.execute(SOLD_ALOUD)
    await fill(connection)
    await connection.close()


def told(figures: Iterator[Figure]) -> Iterator[Figure]:
    """Each as it is found, for whoever waits."""
    for each in figures:
        say(f"{each.name} … {each.verdict or 'measured'}")
        yield each


def machine(before: float) -> str:
    """What it ran on, and whether there was much else to do: the bench itself makes a load of two or three."""
    load = f"load {before:.1f} at the beginning of the run and {os.getloadavg()[0]:.1f} at its end"
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {load}"


if __name__ == "__main__":
    main()
