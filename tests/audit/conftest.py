"""Rich books in a database of their own, with nobody at work on them."""

from collections.abc import AsyncIterator

import pytest

from purvey import purchases
from purvey.kit.db import Database, connect
from tests.conftest import fresh_database, served
from tests.vocabulary.books import bazaar_settings, fill_books, opened
from tests.vocabulary.chain import Chain
from tests.vocabulary.shop import Clock

# A bank that sent back more than there is left of a payment, and a sale that is not rolled up yet.
STRAY = """
insert into stray_refunds (payment_id, reference, amount, currency, seen_at)
select id, 're_by_hand', amount + 1, currency, paid_at
from payments
where status = 'SUCCEEDED' and provider = 'testbank'
limit 1
"""
NOT_ROLLED_UP = """
with back as (
    update products
    set sold_count = sold_count - 1
    where id = (select id from products where sold_count > 0 order by id limit 1)
    returning id
)
insert into sold_tallies (product_id, quantity)
select id, 1
from back
"""


@pytest.fixture(scope="package")
async def rich_books(
    postgres: str, running_chains: Chain, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[Database]:
    clock, dsn = Clock(), await fresh_database(postgres, f"rich_books_{worker_id}")
    async with (
        bazaar_settings(tmp_path_factory.mktemp("home"), clock, running_chains) as (settings, stripe, platform),
        served(settings, dsn=dsn, clock=clock) as world,
        opened(world, running_chains, stripe, platform, clock) as bazaar,
    ):
        await fill_books(bazaar)
    db = await connect(dsn, min_size=1, max_size=2)
    for more in (STRAY, NOT_ROLLED_UP):
        assert await db.do(more)
    assert await purchases.audit_books(db) == []
    yield db
    await db.pool.close()
