"""A payment on hold waits for somebody: they look at it, and keep its money or send it back. The books agree."""

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.vocabulary.shop import Person, Shop

from purvey.kit.money import Money
from purvey.payments import References, Standing
from purvey.payments.testbank import TestBank

WRONG = Money(1, "EUR")


class Miscounting(TestBank):
    """The test bank, wrong about what came."""

    async def look_up(self, payment: References) -> Standing:
        standing = await super().look_up(payment)
        return msgspec.structs.replace(standing, paid=WRONG)


@contextlib.contextmanager
def a_bank_that_miscounts(shop: Shop) -> Iterator[None]:
    gateways: Any = shop.world.gateways
    good = gateways.installed["testbank"]
    gateways.installed["testbank"] = Miscounting(good.db, base_url=good.base_url, secret=good.secret, clock=good.clock)
    try:
        yield
    finally:
        gateways.installed["testbank"] = good


async def held_for_a_wrong_sum(shop: Shop, **fields: Any) -> tuple[Person, Person, dict[str, Any], dict[str, Any]]:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", **fields)
    purchase = await ben.buys(atlas)
    with a_bank_that_miscounts(shop):
        assert (await ben.pays(purchase))["status"] == "ON_HOLD"
    await shop.books_agree(ana)
    return ana, ben, atlas, purchase


async def held_for_a_refund_that_came_back(
    shop: Shop, **fields: Any
) -> tuple[Person, Person, dict[str, Any], dict[str, Any]]:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", **fields)
    purchase = await ben.buys(atlas)
    await ben.pays(purchase)
    assert (await ana.refunds(purchase)).status_code == 202
    await shop.settles()
    await shop.bank_finds(purchase, "failed")
    assert (await ben.sees(purchase))["status"] == "ON_HOLD"
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)
    return ana, ben, atlas, purchase


@pytest.mark.feature("A21", "C19")
async def test_a_member_sees_why_a_payment_waits_and_keeps_its_money(shop: Shop) -> None:
    ana, ben, atlas, purchase = await held_for_a_wrong_sum(shop, stock=1)
    assert ana.site is not None
    door = f"/v1/sites/{ana.site['id']}/purchases"
    [waiting] = (await ana.get(f"{door}?status=ON_HOLD")).json()["data"]
    assert waiting["id"] == purchase["id"]
    assert (await ana.get(f"{door}/{purchase['id']}")).json()["heldBecause"] == "0.01 EUR came instead of 12.00 EUR"

    released = await ana.releases(purchase)
    assert (released.status_code, released.json()["status"], released.json()["heldBecause"]) == (200, "SUCCEEDED", None)
    assert await ben.owns(atlas)
    assert await shop.stock_of(atlas) == (1, 0, 1)
    await shop.books_agree(ana)
    again = await ana.releases(purchase)
    assert (again.status_code, again.json()["code"]) == (409, "not_releasable")

    log = await shop.db.record(
        "select actor_id, detail from audit_log where action = 'payment.released' and subject_id = $1", purchase["id"]
    )
    assert log is not None and log["actor_id"] == ana.id
    assert log["detail"]["was"] == "0.01 EUR came instead of 12.00 EUR"
    await shop.settles()
    mails = "select count(*) from mails where recipient = $1"
    assert await shop.db.value(mails, ben.email) == 1, "a receipt, as for any sale"


@pytest.mark.feature("A21", "C19")
async def test_nobody_else_releases_it_and_an_admin_does_with_its_whole_life_at_hand(shop: Shop) -> None:
    ana, ben, atlas, purchase = await held_for_a_wrong_sum(shop)
    assert ana.site is not None
    eddie, boss = await shop.person("eddie"), await shop.person("boss", admin=True)
    await shop.joins(eddie, ana.site["tenantId"], "SUPPORT")
    eddie.site = ben.site = ana.site
    assert (await eddie.releases(purchase)).status_code == 403
    assert (await ben.releases(purchase)).status_code == 404
    door = f"/v1/admin/payments/{purchase['paymentId']}"
    assert (await ana.post(f"{door}/release", {"reason": "mine"})).status_code == 403

    seen = (await boss.get(door)).json()
    assert seen["payment"]["failure"] == "0.01 EUR came instead of 12.00 EUR"
    assert [(move["happening"], move["toStatus"]) for move in seen["moves"]] == [("put on hold", "ON_HOLD")]
    answer = await boss.post(f"{door}/release", {"reason": "ana has the bank's word"})
    assert (answer.status_code, answer.json()["status"]) == (200, "SUCCEEDED")
    last = (await boss.get(door)).json()["moves"][-1]
    assert (last["happening"], last["actor"], last["reason"]) == (
        "released", f"user:{boss.id}", "ana has the bank's word",
    )  # fmt: skip
    assert await ben.owns(atlas)
    assert (await boss.get("/v1/admin/payments/019a0000-0000-7000-8000-000000000000")).status_code == 404
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A22")
@pytest.mark.parametrize("by", ["somebody", "the bank"])
async def test_what_went_back_in_part_while_on_hold_is_partially_refunded_once_released(shop: Shop, by: str) -> None:
    ana, ben, atlas, purchase = await held_for_a_wrong_sum(shop, stock=1)
    assert (await ana.refunds(purchase, amount=500)).status_code == 202
    with a_bank_that_miscounts(shop):
        await shop.settles()
        assert (await ben.sees(purchase))["status"] == "ON_HOLD"
    await shop.books_agree(ana)

    if by == "somebody":
        assert (await ana.releases(purchase)).status_code == 200
    else:
        await shop.bank_finds(purchase, "succeeded")
    seen = await ben.sees(purchase)
    assert (seen["status"], seen["refundedAmount"]) == ("PARTIALLY_REFUNDED", 500)
    assert await ben.owns(atlas)
    await shop.books_agree(ana)

    assert (await ana.refunds(purchase)).status_code == 202
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert await shop.stock_of(atlas) == (1, 0, 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A22", "A25")
@pytest.mark.parametrize("restock", [True, False])
async def test_a_refund_that_came_back_may_be_kept_and_the_buyer_has_it_again(shop: Shop, restock: bool) -> None:
    ana, ben, atlas, purchase = await held_for_a_refund_that_came_back(shop, stock=1, restockOnRefund=restock)
    assert await shop.stock_of(atlas) == (1, 0, 0 if restock else 1)
    assert (await ana.releases(purchase)).json()["status"] == "SUCCEEDED"
    assert await ben.owns(atlas)
    assert await shop.stock_of(atlas) == (1, 0, 1)
    await shop.books_agree(ana)
    assert (await ana.refunds(purchase)).status_code == 202
    await shop.settles()
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A25")
async def test_what_is_gone_meanwhile_cannot_be_handed_over(shop: Shop) -> None:
    ana, ben, atlas, purchase = await held_for_a_refund_that_came_back(shop, stock=1)
    await (await shop.person("eve")).has(atlas)
    refused = await ana.releases(purchase)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_hand_over")
    assert "give the money back instead" in refused.json()["detail"]
    assert (await ben.sees(purchase))["status"] == "ON_HOLD"
    await shop.books_agree(ana)

    ana, ben, song, purchase = await held_for_a_wrong_sum(shop)
    await ben.has(song)
    assert (await ana.releases(purchase)).json()["code"] == "nothing_to_hand_over"
    assert (await ana.refunds(purchase)).status_code == 202
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A23")
@pytest.mark.parametrize("restock", [True, False])
async def test_winning_a_dispute_about_money_on_hold_leaves_it_on_hold(shop: Shop, restock: bool) -> None:
    ana, ben, atlas, purchase = await held_for_a_refund_that_came_back(shop, restockOnRefund=restock)
    await shop.http.post(f"{purchase['checkoutUrl']}/dispute")
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "DISPUTED"
    assert (await ana.releases(purchase)).json()["code"] == "not_releasable"
    await shop.books_agree(ana)
    await shop.http.post(f"{purchase['checkoutUrl']}/close", data={"outcome": "won"})
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "ON_HOLD"
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)

    assert (await ana.releases(purchase)).status_code == 200
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A23")
async def test_money_lost_in_a_dispute_is_not_released(shop: Shop) -> None:
    ana, ben, _, purchase = await held_for_a_refund_that_came_back(shop)
    await shop.http.post(f"{purchase['checkoutUrl']}/dispute")
    await shop.http.post(f"{purchase['checkoutUrl']}/close", data={"outcome": "lost"})
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "CHARGEBACK_LOST"
    assert (await ana.releases(purchase)).json()["code"] == "not_releasable"
    await shop.books_agree(ana)
