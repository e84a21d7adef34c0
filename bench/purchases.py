"""Whole purchases through `purvey serve`, beside their own statements; the race for limited goods; what it all costs.

The statements beside them are those of one recorded purchase, in the same transactions, by asyncpg without HTTP. The
two are measured in turn, round by round, and each has had the same number of purchases to warm its connections up.
"""

import asyncio
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import asyncpg
import httpx
import msgspec

from bench import shop
from bench.buying import Plan, Told
from bench.figures import Figure, beside, say
from bench.people import Author, Buyer, signed_in
from bench.replay import Recording

SECRET_KEY = "a-key-for-the-bench-and-for-nothing-else"
BUYERS = 100
AT_ONCE = 8
EARLY = 80  # so many warm the connections up
ROUNDS = 15
CALM_SECONDS = 0.5  # for the last letters, so that they are not written in the other's time
SHOP, TWIN = "/purvey?", "/twin?"
RACING, UNITS = 200, 20
WARM_UP = 3
PURCHASES = 0.35
STARTED_SECONDS, RESTARTED_SECONDS, IDLE_MEBIBYTES = 2.0, 4.0, 150.0


def figures(dsn: str, home: Path) -> Iterator[Figure]:
    environment = {"PURVEY_DATABASE_URL": dsn, "PURVEY_SECRET_KEY": SECRET_KEY, "PURVEY_TEST_BANK": "on"}
    with shop.started("serve", home, environment):
        pass
    with shop.started("serve", home, environment) as served:
        yield Figure(name="purvey serve, to its first 200", value=served.seconds, unit="s", at_most=STARTED_SECONDS)
        yield idle(served)
        [seller] = signed_in(dsn, "seller", 1)
        author = Author(served.url, seller.token)
        many, few = author.sells("Sold to many"), author.sells("Sold to few", isLimited=True, totalQuantity=UNITS)
        yield race(dsn, served, few)
    recording = record(dsn, home, many, signed_in(dsn, "recorded", WARM_UP))
    bare = twin(dsn)
    rounds = []
    with shop.started("serve", home, environment) as served:
        buy(Plan(dsn, served.url, many, signed_in(dsn, "early", EARLY), AT_ONCE))
        for number in range(ROUNDS):
            got = buy(Plan(dsn, served.url, many, signed_in(dsn, f"buyer-{number}-", BUYERS), AT_ONCE))
            time.sleep(CALM_SECONDS)
            early, buyers = signed_in(bare, f"early-{number}-", EARLY), signed_in(bare, f"buyer-{number}-", BUYERS)
            held = replay(bare, recording, early, buyers)
            say(f"purchases, round {number + 1} of {ROUNDS}: {got.rate:.1f} /s, {held.rate:.0f} /s bare")
            rounds.append((got, held))
    yield whole_purchase(recording, rounds)


def twin(dsn: str) -> str:
    """A copy of the database on the same server, so that no worker takes the jobs that the bare statements leave."""
    asyncio.run(copy(dsn))
    return dsn.replace(SHOP, TWIN)


async def copy(dsn: str) -> None:
    connection = await asyncpg.connect(dsn.replace(SHOP, "/postgres?"))
    await connection.execute("create database twin template purvey")
    await connection.close()


def idle(served: shop.Served) -> Figure:
    """Web and worker, when they have answered some and have nothing to do."""
    for path in ("/healthz", "/readyz", "/schema", "/v1/s/site-7/shop", "/v1/s/site-7/shop/product-500"):
        httpx.get(served.url + path).raise_for_status()
    time.sleep(2)
    return Figure(
        name="memory of web and worker, idle",
        value=served.mebibytes,
        unit="MiB",
        at_most=IDLE_MEBIBYTES,
        note="without PostgreSQL",
    )


def whole_purchase(recording: Recording, rounds: list[tuple[Told, Told]]) -> Figure:
    times = quantiles([each for got, _ in rounds for each in got.milliseconds], n=100)
    return beside(
        "a whole purchase: start, pay, deliver",
        [(got.rate, held.rate) for got, held in rounds],
        at_least=PURCHASES,
        note=f"p50 {times[49]:.0f}, p99 {times[98]:.0f} ms; {recording.statements} statements in "
        f"{len(recording.units)} commits, and {recording.left_out} of the job engine which are not in the bare ones",
    )


def race(dsn: str, served: shop.Served, product: str) -> Figure:
    """Many who want the few there are, all at once."""
    told = buy(Plan(dsn, served.url, product, signed_in(dsn, "racer", RACING), at_once=RACING, downloads=False))
    assert told.bought == UNITS and told.refused == RACING - UNITS, told
    return Figure(
        name=f"{RACING} at once for {UNITS} of a thing",
        value=told.seconds,
        unit="s",
        note=f"sold {told.bought}, refused {told.refused}",
    )


def buy(plan: Plan) -> Told:
    told = run("bench.buying", given=msgspec.json.encode(plan))
    return msgspec.json.decode(told, type=Told)


def record(dsn: str, home: Path, product: str, buyers: list[Buyer]) -> Recording:
    told = run("bench.recording", dsn, str(home), product, given=msgspec.json.encode(buyers))
    recording: Recording = pickle.loads(told)
    return recording


def replay(dsn: str, recording: Recording, early: list[Buyer], buyers: list[Buyer]) -> Told:
    told = run("bench.replay", dsn, str(AT_ONCE), given=pickle.dumps((recording, early, buyers)))
    return msgspec.json.decode(told, type=Told)


def run(module: str, *arguments: str, given: bytes) -> bytes:
    """A part of the bench in a process of its own."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], input=given, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{module} failed:\n{done.stderr.decode()[-4000:]}")
    return done.stdout


def demo_again(folder: Path) -> Figure:
    """`purvey demo` when everything is there already, with its database."""
    home = folder / "demo"
    with shop.started("demo", home, {}):
        pass
    with shop.started("demo", home, {}) as served:
        return Figure(
            name="purvey demo, a second time, to its first 200",
            value=served.seconds,
            unit="s",
            at_most=RESTARTED_SECONDS,
            note="with its PostgreSQL",
        )
