"""Somebody tries codes until one works: they are slowed down, and nobody else is."""

import pytest
from tests.vocabulary import Shop

TRIES = 60


@pytest.mark.feature("A24")
async def test_buying_is_no_way_to_try_codes_for_ever(shop: Shop) -> None:
    ana, ben, cleo = await shop.author("ana"), await shop.person("ben"), await shop.person("cleo")
    atlas = await ana.sells("Field Atlas", price=1200)

    statuses = [(await ben.asks_to_buy(atlas, code=f"GUESS{at}")).status_code for at in range(TRIES + 1)]

    assert set(statuses[:TRIES]) == {422}
    assert statuses[TRIES] == 429
    assert (await cleo.asks_to_buy(atlas, code="GUESS")).status_code == 422
    assert (await ben.asks_to_buy(atlas)).status_code == 202, "without a code he buys as before"
