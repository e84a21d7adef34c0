"""A counter on a chain, with a database that all these tests share."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import fresh_database
from tests.vocabulary.chain import Chain
from tests.vocabulary.rail import Counter, counter_of


@pytest.fixture(scope="session")
async def ledger(postgres: str, worker_id: str) -> str:
    """The address of a database for ledgers."""
    return await fresh_database(postgres, f"ledgers_{worker_id}")


@pytest.fixture
async def counter(chain: Chain, ledger: str) -> AsyncIterator[Counter]:
    """Nothing that another test left is swept here."""
    async with counter_of(chain, ledger) as counter:
        await counter.db.do("delete from x402_settlements")
        yield counter
