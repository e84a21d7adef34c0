"""Books kept before there were seals and chains: they agree once they are migrated, and when business goes on.

The database is one of commit 0bde921, filled there by `tests/vocabulary/books.py` and written by `pg_dump --inserts`
without what is not books: sessions, keys, mails, notices, events.
"""

import gzip
from pathlib import Path

import asyncpg
import httpx
import pytest

from purvey import purchases
from purvey.kit.migrate import migrate
from purvey.settings import Settings
from tests.conftest import served
from tests.vocabulary.shop import Clock, Shop

OLD = Path(__file__).parent / "books_of_0bde921.sql.gz"


@pytest.fixture
async def old_books(postgres: str, worker_id: str) -> str:
    """A database as it was then."""
    name = f"old_books_{worker_id}"
    connection = await asyncpg.connect(postgres)
    await connection.execute(f'drop database if exists "{name}" with (force)')
    await connection.execute(f'create database "{name}"')
    await connection.close()
    dsn = postgres.replace("/purvey?", f"/{name}?")
    connection = await asyncpg.connect(dsn)
    await connection.execute(gzip.decompress(OLD.read_bytes()).decode())
    await connection.close()
    return dsn


async def test_old_books_agree_after_migration_and_as_business_goes_on(old_books: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(old_books)
    before = await connection.fetchval("select count(*) from public.purchases")
    assert await connection.fetchval("select max(name) from public.migrations") == "0016_avatars.sql"
    await connection.execute("set search_path = public")
    assert await migrate(connection) > 0
    await connection.close()
    clock = Clock()
    settings = Settings(home=tmp_path, secret_key="k" * 20 + "test-secret-key", test_bank=True)
    async with (
        served(settings, dsn=old_books, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=30) as http,
    ):
        shop = Shop(world, base_url=base_url, clock=clock, http=http)
        assert await purchases.audit_books(shop.db) == []
        ana, ben = await shop.author("ana"), await shop.person("ben")
        atlas = await ana.sells(stock=3)
        bought = await ben.has(atlas)
        assert (await ana.refunds(bought)).status_code == 202
        await shop.settles()
        await (await shop.person("cid")).has(atlas)
        assert await shop.db.value("select count(*) from purchases") == before + 2
        assert await purchases.audit_books(shop.db) == []
