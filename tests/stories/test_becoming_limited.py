"""A product becomes limited while people are at its checkout: what they hold is counted, whatever becomes of it."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.vocabulary.shop import Person, Shop


async def limits(ana: Person, product: dict[str, Any], total: int | None) -> httpx.Response:
    """So many of it there shall be; None: as many as are asked for."""
    assert ana.site is not None
    wish = {"isLimited": False} if total is None else {"isLimited": True, "totalQuantity": total}
    return await ana.put(f"/v1/sites/{ana.site['id']}/products/{product['id']}", wish)


async def count_of(shop: Shop, product: dict[str, Any]) -> tuple[int, int]:
    """How many are held and sold, by the purchases themselves."""
    row = await shop.db.record(
        "select coalesce(sum(i.quantity) filter (where p.goods = 'HELD'), 0)::int as held,"
        " coalesce(sum(i.quantity) filter (where p.goods = 'SOLD'), 0)::int as sold"
        " from purchase_items i join purchases p on p.id = i.purchase_id where i.product_id = $1",
        UUID(product["id"]),
    )
    assert row is not None
    return row["held"], row["sold"]


@pytest.mark.feature("A25")
async def test_open_checkouts_of_what_becomes_limited_are_counted_when_they_are_paid_left_or_too_late(
    shop: Shop,
) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas", restockOnRefund=True)
    early = await shop.person("early")
    before = await early.has(atlas)
    pays, leaves, forgets = [await shop.person(name) for name in ("pays", "leaves", "forgets")]
    paid, left, forgotten = [await person.buys(atlas) for person in (pays, leaves, forgets)]

    too_few = await limits(ana, atlas, 3)
    assert (too_few.status_code, too_few.json()["code"]) == (409, "too_few_copies")
    assert (too_few.json()["sold"], too_few.json()["reserved"]) == (1, 3)
    assert "it can be 4 or more" in too_few.json()["detail"]
    assert (await limits(ana, atlas, 4)).json()["stock"] == {"total": 4, "reserved": 3, "sold": 1, "remaining": 0}
    await shop.books_agree(ana)

    late = await shop.person("late")
    assert (await late.asks_to_buy(atlas)).json()["code"] == "sold_out"
    await pays.pays(paid)
    assert await shop.stock_of(atlas) == (4, 2, 2)
    assert (await leaves.post(f"/v1/purchases/{left['id']}/cancel")).status_code == 200
    assert await shop.stock_of(atlas) == (4, 1, 2)
    shop.minutes_pass(31)
    await shop.sweeps()
    assert (await forgets.sees(forgotten))["status"] == "EXPIRED"
    assert await shop.stock_of(atlas) == (4, 0, 2)
    await shop.books_agree(ana)

    assert (await ana.refunds(before)).status_code == 202
    assert (await ana.refunds(paid)).status_code == 202
    await shop.settles()
    assert await shop.stock_of(atlas) == (4, 0, 0), "also what was sold before it was counted comes back"
    await shop.books_agree(ana)


@pytest.mark.feature("A25")
async def test_late_money_for_what_became_limited_takes_a_copy_or_goes_back(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas")
    lucky, unlucky = await shop.person("lucky"), await shop.person("unlucky")
    first, second = await lucky.buys(atlas), await unlucky.buys(atlas)
    shop.minutes_pass(31)
    await shop.sweeps()
    assert (await limits(ana, atlas, 1)).json()["stock"] == {"total": 1, "reserved": 0, "sold": 0, "remaining": 1}

    assert (await lucky.pays_too_late(first))["status"] == "SUCCEEDED"
    assert await shop.stock_of(atlas) == (1, 0, 1)
    assert (await unlucky.pays_too_late(second))["status"] == "REFUNDED"
    assert await shop.stock_of(atlas) == (1, 0, 1)
    await shop.books_agree(ana)


@pytest.mark.feature("A25")
async def test_a_limit_that_comes_goes_and_comes_again_counts_everybody(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas", stock=2, restockOnRefund=True)
    one, two, three, four = [await shop.person("ben") for _ in range(4)]
    counted = await one.buys(atlas)
    assert (await limits(ana, atlas, None)).status_code == 200
    open_one = await two.buys(atlas)
    free = await three.has(atlas)
    assert await shop.stock_of(atlas) == (2, 1, 0), "nobody counts them now"
    await shop.books_agree(ana)

    assert (await limits(ana, atlas, 2)).json()["code"] == "too_few_copies"
    assert (await limits(ana, atlas, 3)).json()["stock"] == {"total": 3, "reserved": 2, "sold": 1, "remaining": 0}
    await shop.books_agree(ana)
    assert (await limits(ana, atlas, 2)).json()["code"] == "too_few_copies", "nor is it lowered below what is held"
    assert (await four.asks_to_buy(atlas)).json()["code"] == "sold_out"

    assert (await limits(ana, atlas, None)).status_code == 200
    await one.pays(counted)
    await ana.refunds(free)
    await shop.settles()
    await two.pays(open_one)
    await shop.books_agree(ana)
    assert (await limits(ana, atlas, 2)).json()["stock"] == {"total": 2, "reserved": 0, "sold": 2, "remaining": 0}
    await shop.books_agree(ana)


@pytest.mark.feature("A25", "A26")
async def test_a_member_of_a_bundle_becomes_limited_while_the_bundle_is_at_the_checkout(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas, song = await ana.sells("Field Atlas"), await ana.sells("Birdsong")
    bundle = await ana.sells("Both", productType="BUNDLE", memberIds=[atlas["id"], song["id"]])
    started = await ben.buys(bundle)

    assert (await limits(ana, atlas, 1)).json()["stock"]["remaining"] == 0
    assert (await eve.asks_to_buy(atlas)).json()["code"] == "sold_out"
    assert (await eve.asks_to_buy(bundle)).json()["code"] == "sold_out"
    await shop.books_agree(ana)
    await ben.pays(started)
    assert await shop.stock_of(atlas) == (1, 0, 1)
    assert await ben.owns(atlas) and await ben.owns(song)
    await shop.books_agree(ana)
