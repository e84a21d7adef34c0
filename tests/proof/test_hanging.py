"""What takes too long is given up in good time: a statement that does not end, a client that does not finish."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

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
