"""The database is gone: every door says so in its own words, at once and without flooding the log."""

import asyncio
import contextlib
import json
import re
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from purvey.access.guards import SESSION_COOKIE
from purvey.kit import db
from purvey.settings import Settings
from tests.access.test_every_door import Door, doors_of, place_of
from tests.conftest import fresh_database, served
from tests.proof.program import SECRET_KEY, Program
from tests.proof.test_faults import Own, own
from tests.protocol.described import DESCRIBED
from tests.protocol.wrong import resolved, sample_of
from tests.vocabulary.shop import Clock, Person, Shop, eventually
from tests.vocabulary.thread import thread_to

__all__ = ["own"]
HTML, JSON, PROBLEM = "text/html; charset=utf-8", "application/json", "application/problem+json"
# What needs no database: the process itself, static files, the description, and the rules for robots.
WITHOUT = re.compile(r"/(?:healthz|readyz|metrics|robots.txt|static/.*|schema.*)$")
BEARER = {"Authorization": "Bearer ps_nobody"}
TOOL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search_products", "arguments": {}}}


@pytest.fixture
async def orphan(own: Own, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop on a database of its own, to be killed."""
    clock, dsn = Clock(), await fresh_database(own.server.dsn, "gone")
    settings = Settings(home=tmp_path, secret_key=SECRET_KEY, test_bank=True, sign_up_limit=0, siwa_plain_wallets=True)
    async with (
        served(settings, dsn=dsn, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=30) as http,
    ):
        yield Shop(world, base_url=base_url, clock=clock, http=http)


def body_of(door: Door) -> dict[str, Any]:
    """Something that the door reads without a complaint of its shape."""
    described = DESCRIBED["paths"].get(re.sub(r":\w+\}", "}", door.path), {}).get(door.method.lower(), {})
    content = described.get("requestBody", {}).get("content", {}).get("application/json")
    return sample_of(resolved(content["schema"])) if content else {}


async def asks(shop: Shop, door: Door, person: Person | None, **more: str) -> httpx.Response:
    assert person is None or person.site is not None
    site = person.site if person else {"id": "x", "slug": "x", "tenantId": "x"}
    headers = {"Authorization": f"Bearer {person.token}"} if person and "cookie" not in more else {}
    json_body = None if door.method in ("GET", "HEAD") else body_of(door)
    return await shop.http.request(door.method, place_of(door, site), json=json_body, headers=headers | more)


def told_by(answer: httpx.Response, path: str) -> str | None:
    """What is wrong with how a door says that the database is gone."""
    if answer.status_code != 503 or int(answer.headers.get("retry-after", 0)) <= 0:
        return f"{answer.status_code}, Retry-After {answer.headers.get('retry-after')}: {answer.text[:150]}"
    kind, head = answer.headers["content-type"], answer.request.method == "HEAD"
    if path.startswith("/v1/"):
        return None if kind == PROBLEM and (head or answer.json()["code"] == "unavailable") else kind
    if path.startswith(("/api/", "/siwa/")):
        return None if kind == JSON and (head or answer.json()["code"] == "unavailable") else kind
    return None


@pytest.mark.feature("C17")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "stopped"])
async def test_every_door_says_that_the_database_is_gone(own: Own, orphan: Shop, how: signal.Signals) -> None:
    ana = await orphan.author("ana")
    await orphan.db.do("update users set is_admin = true where id = $1", ana.id)
    assert ana.site is not None
    doors = [door for door in doors_of(orphan) if not WITHOUT.match(door.path)]
    cookie = f"{SESSION_COOKIE}={ana.token}"

    own.goes(how)

    wrong, gone = [], 0
    for door in doors:
        for who, answer in {
            "nobody": await asks(orphan, door, None, accept="text/html"),
            "token": await asks(orphan, door, ana),
            "keyed": await asks(orphan, door, ana, **{"idempotency-key": "gone"}),
            "browser": await asks(orphan, door, ana, cookie=cookie, accept="text/html"),
        }.items():
            gone += answer.status_code == 503
            bad = told_by(answer, door.path)
            sure = who == "token" and bool(door.guards) and door.path.startswith(("/v1/", "/api/"))
            if bad and (sure or answer.status_code >= 500):
                wrong.append(f"{door.name} ({who}): {bad}")
    assert not wrong, "\n".join(wrong)
    assert gone > len(doors)


@pytest.mark.feature("C17")
@pytest.mark.parametrize("after", [0, 1, 2, 4])
async def test_a_database_that_goes_at_any_statement_of_any_door_is_no_bug_of_ours(
    postgres: str, tmp_path: Path, worker_id: str, after: int
) -> None:
    dsn, clock = await fresh_database(postgres, f"torn_{worker_id}"), Clock()
    settings = Settings(home=tmp_path, secret_key=SECRET_KEY, test_bank=True, sign_up_limit=0, siwa_plain_wallets=True)
    async with (
        thread_to(dsn) as thread,
        served(settings, dsn=thread.dsn, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=30) as http,
    ):
        shop = Shop(world, base_url=base_url, clock=clock, http=http)
        ana = await shop.author("ana")
        await shop.db.do("update users set is_admin = true where id = $1", ana.id)
        cookie = f"{SESSION_COOKIE}={ana.token}"
        wrong, gone = [], 0
        for door in doors_of(shop):
            keyed = [{"idempotency-key": "torn"}] if door.method != "GET" else []
            for more in ({}, *keyed, {"cookie": cookie, "accept": "text/html"}):
                thread.tears(after)
                answer = await asks(shop, door, ana, **more)
                gone += answer.status_code == 503
                if answer.status_code >= 500 and (bad := told_by(answer, door.path)):
                    wrong.append(f"{door.name} {more}: {bad}")
        thread.tears(None)
    assert not wrong, "\n".join(wrong)
    assert gone > 30


async def reads(there: db.Database) -> None:
    await there.value("select 1")


async def writes(there: db.Database) -> None:
    async with there.transaction() as tx:
        await tx.value("select 1")


async def looks(there: db.Database) -> None:
    async with there.one_moment() as moment:
        await moment.value("select 1")


@pytest.mark.feature("C17")
@pytest.mark.parametrize("ask", [reads, writes, looks])
async def test_a_connection_whose_server_took_leave_and_has_not_closed_it_yet_is_a_database_that_is_away(
    postgres: str, ask: Callable[[db.Database], Awaitable[None]]
) -> None:
    async with thread_to(postgres) as thread:
        there = await db.connect(thread.dsn, min_size=1, max_size=1)
        await ask(there)
        await thread.takes_leave()
        with pytest.raises(db.AWAY):
            await ask(there)
        await ask(there)
        await there.pool.close()


@pytest.mark.feature("C17")
async def test_pages_and_tools_say_it_as_pages_and_tools(own: Own, orphan: Shop) -> None:
    ana = await orphan.author("ana")
    assert ana.site is not None
    own.goes(signal.SIGKILL)
    for path in ("/", f"/s/{ana.site['slug']}/shop", "/account", "/products"):
        headers = {"accept": "text/html", "cookie": f"{SESSION_COOKIE}={ana.token}"}
        page = await orphan.http.get(path, headers=headers)
        assert (page.status_code, page.headers["content-type"]) == (503, HTML), path
        assert "The shop is busy" in page.text and int(page.headers["retry-after"]) > 0
    accept = {"accept": "application/json, text/event-stream"}
    tool = await orphan.http.post("/mcp", json=TOOL, headers=accept)
    said = tool.json()["result"]
    assert said["isError"] and said["structuredContent"]["code"] == "unavailable", said
    known = await orphan.http.post("/mcp", json=TOOL, headers=accept | {"authorization": f"Bearer {ana.token}"})
    assert (known.status_code, known.json()["code"]) == (503, "unavailable"), known.text
    assert int(known.headers["retry-after"]) > 0
    ready = await orphan.http.get("/readyz")
    assert (ready.status_code, int(ready.headers["retry-after"]) > 0) == (503, True)


@pytest.fixture
async def embedded() -> AsyncIterator[Program]:
    """An installation on the database that comes with purvey, in a home that every account reaches."""
    with tempfile.TemporaryDirectory(prefix="purvey-embedded-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        program = Program(home, None)
        assert await program.runs("migrate") != 1
        yield program
        program.stops()


def kill_database(home: Path) -> None:
    """The whole family at once, as a machine without memory does."""
    pid = int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    main = psutil.Process(pid)
    for each in (family := [main, *main.children(recursive=True)]):
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(family, timeout=20)


@pytest.mark.feature("C17")
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one", "two"])
async def test_a_running_shop_starts_its_own_database_again(embedded: Program, options: tuple[str, ...]) -> None:
    await embedded.serves(*options)
    async with httpx.AsyncClient(base_url=embedded.base_url, timeout=30) as http:
        for _ in range(2):
            kill_database(embedded.home)

            async def answers() -> bool:
                return (await http.get("/readyz")).status_code == 200 and (await http.get("/")).status_code == 200

            await eventually(answers, seconds=30)
    assert embedded.log.read_text().count("was started again") == 2


@pytest.mark.feature("C17")
async def test_a_database_that_stays_away_is_logged_once_a_second(own: Own, tmp_path: Path) -> None:
    program = Program(tmp_path / "home", await fresh_database(own.server.dsn, "silent"))
    await program.serves()
    own.goes(signal.SIGKILL)
    begun = len(program.log.read_text())
    async with httpx.AsyncClient(base_url=program.base_url, timeout=30) as http:
        began = time.monotonic()
        while time.monotonic() - began < 5:
            answers = await asyncio.gather(*(http.get("/v1/purchases", headers=BEARER) for _ in range(20)))
            assert {answer.status_code for answer in answers} == {503}
        seconds = time.monotonic() - began
    said = program.log.read_text()[begun:].splitlines()
    told = [json.loads(line) for line in said if '"event":"request"' not in line]
    assert 1 <= len(told) <= seconds + 2, told
    away = [line for line in told if line["event"] == "database unavailable"]
    assert away and sum(line["times"] for line in away) > len(away)
    program.stops()


@contextlib.asynccontextmanager
async def nothing_left(shop: Shop) -> AsyncIterator[None]:
    """Every connection of the pool is taken by somebody."""
    async with contextlib.AsyncExitStack() as stack:
        with contextlib.suppress(TimeoutError):
            while True:
                await stack.enter_async_context(shop.db.pool.acquire(timeout=0.5))
        yield


@pytest.mark.feature("C17")
async def test_readyz_answers_in_two_seconds_whatever_is_locked_full_or_frozen(own: Own, orphan: Shop) -> None:
    async def ready() -> tuple[int, bool]:
        began = time.monotonic()
        answer = await orphan.http.get("/readyz")
        return answer.status_code, time.monotonic() - began < 2

    assert await ready() == (200, True)
    async with nothing_left(orphan):
        assert await ready() == (503, True)
    main = psutil.Process(int((own.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0]))
    family = [main, *main.children(recursive=True)]
    for each in family:
        each.suspend()
    try:
        assert await ready() == (503, True)
    finally:
        for each in family:
            each.resume()

    async def answers() -> bool:
        return await ready() == (200, True)

    await eventually(answers)


@pytest.mark.feature("C17")
async def test_nobody_waits_for_a_connection_for_ever(orphan: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "CONNECTION_SECONDS", 0.3)
    ana = await orphan.author("ana")
    async with nothing_left(orphan):
        answer = await ana.get("/v1/purchases")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert (await ana.get("/v1/purchases")).status_code == 200
