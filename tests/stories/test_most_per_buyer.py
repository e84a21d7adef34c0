"""Nobody takes a whole limited edition: so many a buyer by the seller's word, and few without paying."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from tests.vocabulary.shop import Person, Shop

Json = dict[str, Any]
BRIEF = {"productType": "COMMISSION_SLOT"}


async def at_checkouts(shop: Shop, buyer: Person) -> int:
    sql = (
        "select coalesce(sum(i.quantity), 0)::int from purchase_items i join purchases p on p.id = i.purchase_id"
        " where p.buyer_id = $1 and p.goods in ('HELD', 'SOLD')"
    )
    return int(await shop.db.value(sql, buyer.id))


@pytest.mark.feature("A25")
async def test_a_buyer_has_so_many_as_the_seller_says_bought_and_at_the_checkout_together(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    slot = await ana.sells("Portrait", stock=50, maxPerBuyer=3, **BRIEF)
    assert slot["maxPerBuyer"] == 3
    much = await ben.asks_to_buy(slot, quantity=4, brief="A fox")
    assert (much.status_code, much.json()["code"], much.json()["maxPerBuyer"]) == (409, "most_per_buyer", 3)
    assert "3 or fewer" in much.json()["detail"] and "Portrait" in much.json()["detail"]

    bought = await ben.has(slot, quantity=2, brief="A fox")
    assert (await ben.asks_to_buy(slot, quantity=2, brief="A crow")).json()["code"] == "most_per_buyer"
    opened = await ben.buys(slot, quantity=1, brief="A crow")
    changed = await ben.asks_to_buy(slot, quantity=2, brief="A crow")
    assert (changed.status_code, changed.json()["code"]) == (409, "most_per_buyer")
    assert (await ben.sees(opened))["status"] == "CANCELLED", "the other terms were in the way"
    await ben.has(slot, quantity=1, brief="A crow")
    full = await ben.asks_to_buy(slot, brief="A wren")
    assert (full.json()["code"], full.json()["has"]) == ("most_per_buyer", 3)
    assert (await (await shop.person("eve")).asks_to_buy(slot, quantity=3, brief="An owl")).status_code == 202

    await ana.refunds(bought)
    await shop.settles()
    assert (await ben.asks_to_buy(slot, quantity=2, brief="A wren")).status_code == 202, "what went back counts no more"
    await shop.books_agree(ana)


@pytest.mark.feature("A25", "A12")
async def test_the_most_holds_when_a_buyer_asks_in_many_windows_with_other_terms(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    slot = await ana.sells("Portrait", stock=50, price=0, maxPerBuyer=3, **BRIEF)
    asks = [ben.asks_to_buy(slot, brief=f"Fox {number}") for number in range(12)]
    answers = await asyncio.gather(*asks)
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 9}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"most_per_buyer"}
    assert await at_checkouts(shop, ben) == 3
    await shop.books_agree(ana)


@pytest.mark.feature("A25", "A26")
async def test_the_most_of_a_member_holds_also_in_its_bundles_and_by_two_checkouts_at_once(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    print_ = await ana.sells("Print", stock=50, maxPerBuyer=1)
    song, poem = await ana.sells("Song"), await ana.sells("Poem")
    one = await ana.sells("One", productType="BUNDLE", memberIds=[print_["id"], song["id"]])
    two = await ana.sells("Two", productType="BUNDLE", memberIds=[print_["id"], poem["id"]])
    answers = await asyncio.gather(*(ben.asks_to_buy(each) for each in (print_, one, two)))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 2}
    assert (await ben.asks_to_buy(one, quantity=2)).json()["code"] == "most_per_buyer"
    assert await shop.stock_of(print_) == (50, 1, 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A25")
async def test_an_unproven_account_holds_few_of_what_is_limited(shop: Shop) -> None:
    ana, eve = await shop.author("ana"), await shop.person("eve", verified=False)
    edition, other = await ana.sells("Print", stock=50), await ana.sells("Poster", stock=50)
    whole = await eve.asks_to_buy(edition, quantity=50)
    assert (whole.status_code, whole.json()["code"], whole.json()["most"]) == (409, "too_many_held", 2)
    assert "verify" in whole.json()["detail"].lower()
    answers = await asyncio.gather(*(eve.asks_to_buy(each, quantity=2) for each in (edition, other)))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 1}
    assert await at_checkouts(shop, eve) == 2
    free = await ana.sells("Leaflet", stock=50, price=0)
    assert (await eve.asks_to_buy(free, quantity=50)).json()["code"] == "too_many_held", "nor takes it for nothing"
    assert (await eve.asks_to_buy(await ana.sells("Guide"), quantity=50)).status_code == 202, "of this there is no end"
    await shop.books_agree(ana)


@pytest.mark.feature("A25")
async def test_a_proven_buyer_holds_more_and_as_many_as_the_seller_allows(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    edition, wholesale = await ana.sells("Print", stock=50), await ana.sells("Mug", stock=90, maxPerBuyer=60)
    assert (await ben.asks_to_buy(edition, quantity=21)).json()["code"] == "too_many_held"
    held = await ben.buys(edition, quantity=20)
    refused = await ben.asks_to_buy(wholesale, quantity=60)
    assert (refused.json()["code"], refused.json()["held"]) == ("too_many_held", 20)
    await ben.pays(held)
    assert (await ben.asks_to_buy(wholesale, quantity=60)).status_code == 202
    await shop.books_agree(ana)


@pytest.mark.feature("A25", "A21")
async def test_late_money_does_not_take_more_than_a_buyer_may_have(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    slot = await ana.sells("Portrait", stock=9, maxPerBuyer=2, **BRIEF)
    late = await ben.buys(slot, quantity=2, brief="A fox")
    shop.minutes_pass(31)
    await shop.sweeps()
    await ben.has(slot, quantity=1, brief="A crow")
    assert (await ben.pays_too_late(late))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A25")
async def test_the_most_that_is_lowered_meanwhile_leaves_what_was_agreed(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    slot = await ana.sells("Portrait", stock=9, maxPerBuyer=4, **BRIEF)
    purchase = await ben.buys(slot, quantity=4, brief="A fox")
    changed = await ana.put(f"/v1/sites/{ana.site['id']}/products/{slot['id']}", {"maxPerBuyer": 1})
    assert (changed.status_code, changed.json()["maxPerBuyer"]) == (200, 1)
    assert (await ben.pays(purchase))["status"] == "SUCCEEDED"
    shown = await shop.http.get(f"/v1/s/{ana.site['slug']}/shop/{slot['slug']}")
    assert shown.json()["maxPerBuyer"] == 1
    await shop.books_agree(ana)
