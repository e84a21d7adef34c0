"""The public reads, each beside a bare door with the same statement in the same process."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench import statements
from bench.figures import Figure, beside, say
from bench.load import Round

SECONDS = 0.3
CONNECTIONS = 16
ROUNDS = 40
READS = 0.8


def figures(dsn: str, home: Path) -> Iterator[Figure]:
    with serving(dsn, home) as (shop, bare):
        site = statements.SITE
        yield read("a door that does nothing", f"{shop}/healthz", f"{bare}/nothing", aim=None)
        yield read("the shop's list, 20 of 1,000", f"{shop}/v1/s/{site}/shop", f"{bare}/shelf", aim=READS)
        product = f"{shop}/v1/s/{site}/shop/{statements.PRODUCT_SLUG}"
        yield read("a product", product, f"{bare}/product", aim=READS)


def read(name: str, ours: str, theirs: str, *, aim: float | None) -> Figure:
    say(f"{name}: {ROUNDS} rounds")
    rounds = ask(ours, theirs)
    p50, p99 = (median(got[share] for got, _ in rounds) for share in ("p50_ms", "p99_ms"))
    failed = sum(one["failed"] for each in rounds for one in each)
    return beside(
        name,
        [(got["rate"], held["rate"]) for got, held in rounds],
        at_least=aim,
        note=f"p50 {p50:.1f}, p99 {p99:.1f} ms" + (f", {failed:.0f} FAILED" if failed else ""),
    )


def ask(ours: str, theirs: str) -> list[Round]:
    """The two in turn; rounds are short, so that what else the machine does meets both alike."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.load", ours, theirs, str(CONNECTIONS), str(SECONDS), str(ROUNDS)],
        check=True,
        capture_output=True,
        text=True,
    )
    rounds: list[Round] = json.loads(told.stdout)
    return rounds


@contextmanager
def serving(dsn: str, home: Path) -> Iterator[tuple[str, str]]:
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
        yield f"http://127.0.0.1:{shop}", f"http://127.0.0.1:{bare}"
    finally:
        process.terminate()
        process.wait(20)
