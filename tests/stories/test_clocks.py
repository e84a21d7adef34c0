"""Who waited for a lock, or has a slow clock, brings an older time: the books agree all the same.

Each story turns the clock back between two things that happen one after the other.
"""

import pytest
from tests.downloads.owning import begun
from tests.stories.test_disputes_and_refunds import a_sale, an_approved_request, at_the_bank
from tests.vocabulary.shop import Shop


def seconds_back(shop: Shop) -> None:
    shop.minutes_pass(-0.5)


@pytest.mark.feature("A23")
@pytest.mark.parametrize("outcome", ["won", "lost"])
async def test_a_dispute_is_heard_to_end_by_a_slower_clock_than_it_began(shop: Shop, outcome: str) -> None:
    sale = await a_sale(shop)
    await at_the_bank(shop, sale, "dispute")
    seconds_back(shop)
    await at_the_bank(shop, sale, outcome)
    await shop.books_agree(sale.ana)


@pytest.mark.feature("A12")
async def test_what_was_declined_is_closed_by_a_slower_clock(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", stock=1)
    started = await ben.buys(atlas)
    assert (await ben.declines(started))["status"] == "FAILED"
    seconds_back(shop)
    assert (await ben.post(f"/v1/purchases/{started['id']}/cancel")).status_code == 200
    await shop.books_agree(ana)
    assert await shop.stock_of(atlas) == (1, 0, 0)


@pytest.mark.feature("A12", "A24")
async def test_money_comes_before_it_was_asked_for(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    code = {"code": "TEN", "discountType": "PERCENTAGE", "value": 10}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", code)).status_code == 201
    started = await ben.buys(await ana.sells("Field Atlas", stock=1), code="TEN")
    seconds_back(shop)
    assert (await ben.pays(started))["status"] == "SUCCEEDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_second_part_of_the_money_goes_back_by_a_slower_clock(shop: Shop) -> None:
    sale = await a_sale(shop)
    assert (await sale.ana.refunds(sale.purchase, amount=300)).status_code == 202
    await shop.settles()
    seconds_back(shop)
    assert (await sale.ana.refunds(sale.purchase, amount=400)).status_code == 202
    await shop.settles()
    assert (await sale.ben.sees(sale.purchase))["status"] == "PARTIALLY_REFUNDED"
    await shop.books_agree(sale.ana)


@pytest.mark.feature("A15", "A22")
async def test_a_request_is_approved_turned_down_and_paid_by_slower_clocks(shop: Shop) -> None:
    sale = await a_sale(shop)
    request = await an_approved_request(sale)
    seconds_back(shop)
    assert (await sale.ana.post(f"{request}/execute")).status_code == 200
    await shop.settles()
    seconds_back(shop)
    await at_the_bank(shop, sale, "dispute")
    await shop.books_agree(sale.ana)


@pytest.mark.feature("A4")
async def test_a_price_is_changed_again_by_a_slower_clock(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site is not None
    atlas = await ana.sells("Field Atlas", price=1000)
    door = f"/v1/sites/{ana.site['id']}/products/{atlas['id']}"
    seconds_back(shop)
    for price in (1100, 1200):
        assert (await ana.put(door, {"price": price})).status_code == 200
        seconds_back(shop)
    await shop.books_agree(ana)


@pytest.mark.feature("A19")
async def test_a_second_download_begins_by_a_slower_clock(shop: Shop) -> None:
    story = await begun(shop)
    assert (await story.ben.get(story.path)).status_code == 200
    seconds_back(shop)
    assert (await story.ben.get(story.path)).status_code == 200
    await shop.books_agree(story.ana)
