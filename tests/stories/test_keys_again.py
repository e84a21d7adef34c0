"""The same Idempotency-Key again, whatever became of the purchase, and at two doors at once."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.vocabulary.shop import Shop, eventually

from purvey.kit import own_keys
from purvey.kit.ids import new_id
from purvey.kit.own_keys import OwnKey

Json = dict[str, Any]


@pytest.mark.feature("A12", "C17")
@pytest.mark.parametrize(
    ("became", "status"),
    [("paid", "SUCCEEDED"), ("cancelled", "CANCELLED"), ("expired", "EXPIRED"), ("over, unheard", "EXPIRED")],
)
async def test_a_key_whose_checkout_is_over_answers_how_its_purchase_stands(
    shop: Shop, became: str, status: str
) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    asked = await ben.asks_to_buy(atlas, key="mine")
    purchase = asked.json() | {"id": asked.json()["purchaseId"]}
    match became:
        case "paid":
            await ben.pays(purchase)
        case "cancelled":
            await ben.post(f"/v1/purchases/{purchase['id']}/cancel")
        case _:
            shop.minutes_pass(31)
            if became == "expired":
                await shop.sweeps()
    again = await ben.asks_to_buy(atlas, key="mine")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert (again.json()["id"], again.json()["status"]) == (purchase["id"], status)
    assert again.json()["checkoutUrl"] is None
    assert again.json() == await ben.sees(purchase)
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "C17")
async def test_a_key_whose_card_was_declined_leads_to_the_checkout_that_is_still_open(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    asked = await ben.asks_to_buy(atlas, key="mine")
    purchase = asked.json() | {"id": asked.json()["purchaseId"]}
    assert (await ben.declines(purchase))["status"] == "FAILED"
    again = await ben.asks_to_buy(atlas, key="mine")
    assert (again.status_code, again.json()) == (202, asked.json())
    assert (await ben.pays(purchase))["status"] == "SUCCEEDED"
    await shop.books_agree(ana)


@pytest.mark.feature("C17")
async def test_one_key_at_two_doors_at_once_is_refused_at_the_second_in_words(shop: Shop) -> None:
    """A purchase keeps its own key; every other door's is kept with its answer."""
    ben = await shop.person("ben")
    key = OwnKey(f"user:{ben.id}", "both", "POST /v1/purchases", b"body")

    async def at_another_door() -> httpx.Response:
        return await ben.patch("/v1/me", {"displayName": "Ben"}, headers={"Idempotency-Key": "both"})

    async with shop.db.transaction() as tx:
        await own_keys.claim(tx, key, subject_id=new_id(), now=shop.now)
        other = asyncio.create_task(at_another_door())

        async def answered_or_waiting() -> bool:
            waits = "select count(*) from pg_locks where locktype = 'transactionid' and not granted"
            return other.done() or bool(await shop.db.value(waits))

        await eventually(answered_or_waiting)
    first = await other
    assert (first.status_code, first.json()["code"], first.headers["retry-after"]) == (409, "request_in_flight", "1")
    second = await at_another_door()
    assert (second.status_code, second.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.feature("C17")
async def test_two_doors_that_race_for_one_key_are_never_a_crash(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas")
    for _ in range(30):
        ben = await shop.person("ben")
        answers = await asyncio.gather(
            ben.asks_to_buy(atlas, key="both"),
            ben.patch("/v1/me", {"displayName": "Ben"}, headers={"Idempotency-Key": "both"}),
        )
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) <= {200, 202, 409, 422}, [answer.text for answer in answers]
        assert sum(status in {200, 202} for status in statuses) == 1
    await shop.books_agree(ana)
