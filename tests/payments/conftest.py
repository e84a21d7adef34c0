"""A till for the tests of the Stripe gateway."""

from collections.abc import AsyncIterator

import pytest

from tests.vocabulary.shop import Shop
from tests.vocabulary.till import Till, till_of


@pytest.fixture
async def till(shop: Shop) -> AsyncIterator[Till]:
    """Stripe and one account there; leaving it fails when anything said was not in Stripe's words."""
    async with till_of(shop) as till:
        yield till
