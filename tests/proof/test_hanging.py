"""What takes too long is given up in good time: a statement that does not end, a client that does not finish."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from purvey.kit import bodies, wire
from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.proof.program import SECRET_KEY
from tests.vocabulary.shop import Clock, Shop


@pytest.fixture
async def hasty(postgres: str, tmp_path: Path, worker_id: str) -> AsyncIterator[Shop]:
    """A shop that waits one second for its database."""
    settings = Settings(home=tmp_path, secret_key=SECRET_KEY, test_bank=True, sign_up_limit=0, database_timeout=1)
    clock, dsn = Clock(), await fresh_database(postgres, f"hanging_{worker_id}")
    async with (
        served(settings, dsn=dsn, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=30) as http,
    ):
        yield Shop(world, base_url=base_url, clock=clock, http=http)


@pytest.mark.feature("C17")
async def test_a_statement_that_waits_for_a_lock_too_long_is_a_503_and_nothing_was_done(
    hasty: Shop, postgres: str, worker_id: str
) -> None:
    ana = await hasty.author("ana")
    assert ana.site is not None
    atlas = await ana.sells("Field Atlas")
    door, change = f"/v1/sites/{ana.site['id']}/products/{atlas['id']}", {"name": "Sea Atlas"}
    other = await asyncpg.connect(postgres.replace("/purvey?", f"/hanging_{worker_id}?"))
    lock = other.transaction()
    await lock.start()
    await other.execute("lock table products in access exclusive mode")

    for answer in (
        await ana.get(door),
        await ana.put(door, change),
        await ana.put(door, change, headers={"Idempotency-Key": "held"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
        assert int(answer.headers["retry-after"]) > 0
    page = await hasty.http.get(f"/s/{ana.site['slug']}/shop", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")

    await lock.rollback()
    await other.close()
    assert (await ana.get(door)).json()["name"] == "Field Atlas"
    kept = await ana.put(door, change, headers={"Idempotency-Key": "held"})
    assert (kept.status_code, "idempotent-replayed" in kept.headers) == (200, False)
    assert kept.json()["name"] == "Sea Atlas"


BODY = b'{"email": "nobody@example.com", "password": "not a good one"}'
ASKED = b"POST /v1/auth/sign-in HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\ncontent-length: "


class Dawdler:
    """Somebody who sends a request by bits, and never all of it."""

    def __init__(self, shop: Shop) -> None:
        self.port = httpx.URL(shop.base_url).port

    async def sends(self, *bits: bytes, then: bytes = b"") -> tuple[str, float]:
        """The head of the last answer, and after how many seconds the shop hung up; `then` is sent for ever."""
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for bit in bits:
            writer.write(bit)
        dripping = asyncio.create_task(self.drips(writer, then))
        said = b""
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionResetError):  # the rest of what was sent was not read
                while more := await reader.read(4096):
                    said += more
        dripping.cancel()
        writer.close()
        return said.decode().partition("\r\n\r\n")[0], time.monotonic() - began

    async def drips(self, writer: asyncio.StreamWriter, bit: bytes) -> None:
        while bit and not writer.is_closing():
            writer.write(bit)
            await asyncio.sleep(0.05)


@pytest.fixture
def dawdler(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Dawdler:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.7)
    return Dawdler(shop)


async def test_a_client_that_never_finishes_its_head_is_hung_up_on(dawdler: Dawdler) -> None:
    said, seconds = await dawdler.sends(b"GET / HTTP/1.1\r\n", then=b"x-slow: 1\r\n")
    assert said.startswith("HTTP/1.1 408 ")
    assert 0.4 < seconds < 3
    said, seconds = await dawdler.sends()
    assert said == ""
    assert 0.4 < seconds < 3


@pytest.mark.parametrize("key", [b"", b"idempotency-key: slow\r\n"], ids=["without-key", "with-key"])
async def test_a_client_that_never_finishes_its_body_is_told_and_hung_up_on(dawdler: Dawdler, key: bytes) -> None:
    asked = ASKED.replace(b"/v1/auth/sign-in", b"/v1/discounts/validate") + b"9999\r\n" + key + b"\r\n{"
    said, seconds = await dawdler.sends(asked, then=b" ")
    assert said.startswith("HTTP/1.1 408 "), said
    assert "connection: close" in said and "application/problem+json" in said
    assert 0.6 < seconds < 3


async def test_a_body_after_its_answer_is_not_waited_for_for_ever(dawdler: Dawdler) -> None:
    unknown = ASKED.replace(b"/v1/auth/sign-in", b"/v1/me/password") + b"99999\r\n\r\n"
    said, seconds = await dawdler.sends(unknown, then=b" ")
    assert said.startswith("HTTP/1.1 401 ")
    assert 0.4 < seconds < 3


async def test_a_client_that_is_a_little_slow_is_served(dawdler: Dawdler, shop: Shop) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", dawdler.port)
    for _ in range(2):  # on one connection
        for part in (ASKED, f"{len(BODY)}\r\n\r\n".encode(), BODY[:20], BODY[20:]):
            writer.write(part)
            await asyncio.sleep(0.2)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")
        assert b"wrong_credentials" in await reader.read(4096)
    writer.close()
