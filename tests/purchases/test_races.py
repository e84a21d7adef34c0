"""Many at once: what there is so many of is sold so many times, and nothing is lost or made in between."""

import asyncio
from collections import Counter
from uuid import UUID

import httpx
import pytest

from tests.vocabulary.shop import Person, Shop, eventually


async def crowd(shop: Shop, size: int) -> list[Person]:
    return list(await asyncio.gather(*(shop.person("buyer") for _ in range(size))))


@pytest.mark.feature("A25", "A12")
async def test_of_sixty_buyers_of_ten_units_ten_own_one(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas", stock=10)
    buyers = await crowd(shop, 60)

    answers = await asyncio.gather(*(buyer.asks_to_buy(atlas) for buyer in buyers))

    assert Counter(answer.status_code for answer in answers) == {202: 10, 409: 50}
    for answer in answers:
        if answer.status_code == 409:
            said = answer.json()
            assert (said["code"], said["sold"] + said["reserved"], said["total"]) == ("sold_out", 10, 10)
    assert await shop.stock_of(atlas) == (10, 10, 0)

    winners = [(buyer, answer.json()) for buyer, answer in zip(buyers, answers, strict=True) if answer.is_success]
    await asyncio.gather(*(buyer.answers_the_bank(started, "pay") for buyer, started in winners))
    await shop.settles()
    assert await shop.stock_of(atlas) == (10, 0, 10)
    assert sum([await buyer.owns(atlas) for buyer in buyers]) == 10
    await shop.books_agree(ana)


@pytest.mark.feature("A24", "A12")
async def test_of_forty_buyers_with_a_code_for_five_five_use_it(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    atlas = await ana.sells("Field Atlas")
    body = {"code": "FIVE", "discountType": "PERCENTAGE", "value": 100, "maxUses": 5}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", body)).status_code == 201
    buyers = await crowd(shop, 40)

    answers = await asyncio.gather(*(buyer.asks_to_buy(atlas, code="FIVE") for buyer in buyers))

    assert Counter(answer.status_code for answer in answers) == {201: 5, 422: 35}
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_the_same_request_fifty_times_at_once_is_one_purchase(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", stock=50)

    answers = await asyncio.gather(*(ben.asks_to_buy(atlas, key="fifty") for _ in range(50)))

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert await shop.stock_of(atlas) == (50, 1, 0)
    bodies: list[bytes] = []

    async def asks_until_answered(answer: httpx.Response) -> None:
        while answer.status_code == 409:
            assert answer.json()["code"] == "request_in_flight"
            await asyncio.sleep(int(answer.headers["retry-after"]) / 10)
            answer = await ben.asks_to_buy(atlas, key="fifty")
        bodies.append(answer.content)

    await asyncio.gather(*(asks_until_answered(answer) for answer in answers))
    assert len(set(bodies)) == 1 and len(bodies) == 50
    assert await shop.db.value("select count(*) from purchases where buyer_id = $1", ben.id) == 1
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_a_buyer_in_many_windows_has_one_checkout_of_a_thing_and_five_in_all(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    answers = await asyncio.gather(*(ben.asks_to_buy(atlas) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["purchaseId"] for answer in answers}) == 1

    sheets = [await ana.sells(f"Sheet {number}") for number in range(10)]
    answers = await asyncio.gather(*(ben.asks_to_buy(sheet) for sheet in sheets))
    assert Counter(answer.status_code for answer in answers) == {202: 4, 409: 6}
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_changing_ones_mind_in_many_windows_leaves_one_checkout(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    mug = await ana.sells("Mug", stock=100)
    answers = await asyncio.gather(*(ben.asks_to_buy(mug, quantity=1 + number % 4) for number in range(12)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    held = await shop.db.records("select quantity from purchases where buyer_id = $1 and goods = 'HELD'", ben.id)
    assert len(held) == 1
    assert await shop.stock_of(mug) == (100, held[0]["quantity"], 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "A25")
async def test_paying_cancelling_and_the_deadline_at_once_have_one_outcome(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas", stock=12)
    buyers = await crowd(shop, 12)
    started = await asyncio.gather(*(buyer.buys(atlas) for buyer in buyers))
    shop.minutes_pass(29.99)

    async def pays(buyer: Person, purchase: dict[str, str]) -> None:
        await shop.http.post(purchase["checkoutUrl"], data={"outcome": "pay", "delivery": "twice"})

    pairs = list(zip(buyers, started, strict=True))
    await asyncio.gather(
        *(pays(buyer, purchase) for buyer, purchase in pairs),
        *(buyer.post(f"/v1/purchases/{purchase['id']}/cancel") for buyer, purchase in pairs),
        *(shop.sweeps() for _ in range(3)),
    )
    shop.minutes_pass(2)
    await shop.sweeps()

    async def all_over() -> bool:
        sql = "select count(*) from purchases where product_id = $1 and goods = 'HELD'"
        return not await shop.db.value(sql, UUID(atlas["id"]))

    await eventually(all_over)
    await shop.settles()
    statuses = Counter([(await buyer.sees(purchase))["status"] for buyer, purchase in pairs])
    assert set(statuses) <= {"SUCCEEDED", "CANCELLED", "EXPIRED"}
    assert await shop.stock_of(atlas) == (12, 0, statuses["SUCCEEDED"])
    await shop.books_agree(ana)
