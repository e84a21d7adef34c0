"""A gateway that sends back more than there was: its shop cannot write it down, so somebody is told what to do."""

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.vocabulary.shop import Person, Shop

from purvey import parking, payments, purchases
from purvey.kit.money import Money
from purvey.parking import Job
from purvey.payments import References, RefundStanding, Standing
from purvey.payments.testbank import TestBank


class Generous(TestBank):
    """The test bank, which sends back by itself what a story says."""

    sent: tuple[RefundStanding, ...] = ()

    async def look_up(self, payment: References) -> Standing:
        standing = await super().look_up(payment)
        return msgspec.structs.replace(standing, refunds=(*standing.refunds, *self.sent))


@contextlib.contextmanager
def a_generous_bank(shop: Shop, *amounts: Money) -> Iterator[Generous]:
    gateways: Any = shop.world.gateways
    good = gateways.installed["testbank"]
    bank = Generous(good.db, base_url=good.base_url, secret=good.secret, clock=good.clock)
    bank.sent = tuple(
        RefundStanding(f"re_by_hand_{number}", None, amount, "succeeded") for number, amount in enumerate(amounts)
    )
    gateways.installed["testbank"] = bank
    try:
        yield bank
    finally:
        gateways.installed["testbank"] = good


async def looks_again(shop: Shop, purchase: dict[str, Any]) -> None:
    payment = await payments.find(shop.db, UUID(purchase["paymentId"]))
    assert payment is not None
    await purchases.catch_up(shop.db, shop.world.gateways, payment, now=shop.now)
    await shop.settles()


async def ten_minutes_pass(shop: Shop) -> None:
    shop.minutes_pass(10)
    await shop.db.do("update pgqueuer set execute_after = now() where status = 'queued'")
    await shop.settles()


async def parked_for(shop: Shop, purchase: dict[str, Any]) -> list[Job]:
    jobs = await parking.parked_jobs(shop.db, limit=1000)
    return [job for job in jobs if job.event["subject_id"] == purchase["paymentId"]]


async def a_sale(shop: Shop) -> tuple[Person, Person, dict[str, Any]]:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    purchase = await ben.buys(await ana.sells("Field Atlas"))
    await ben.pays(purchase)
    return ana, ben, purchase


@pytest.mark.feature("A22")
async def test_a_refund_above_what_was_paid_is_parked_with_what_to_do_until_somebody_has_seen_to_it(shop: Shop) -> None:
    ana, ben, purchase = await a_sale(shop)
    boss = await shop.person("boss", admin=True)
    with a_generous_bank(shop, Money(1500, "EUR")):
        await looks_again(shop, purchase)
        await looks_again(shop, purchase)
        assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
        assert await parked_for(shop, purchase) == []
        await ten_minutes_pass(shop)

        [job] = await parked_for(shop, purchase)
        assert (job.queue, job.reaction) == ("payment-events", "payments.look_into_stray_refund")
        said = str(job.error)
        for words in ("15.00 EUR", "re_by_hand_0", purchase["paymentId"], "12.00 EUR", "replay this task"):
            assert words in said, said
        [stray] = (await boss.get(f"/v1/admin/payments/{purchase['paymentId']}")).json()["strayRefunds"]
        assert (stray["amount"], stray["reference"], stray["settledAt"]) == (1500, "re_by_hand_0", None)

        shop.minutes_pass(60)
        assert await parking.replay_jobs(shop.db, [job.id]) == {job.id}
        await shop.settles()
        await looks_again(shop, purchase)
        await ten_minutes_pass(shop)
        assert await parked_for(shop, purchase) == [], "it was seen to, and is not told again"
    [stray] = (await boss.get(f"/v1/admin/payments/{purchase['paymentId']}")).json()["strayRefunds"]
    assert stray["settledAt"] is not None
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_that_finds_its_place_after_all_troubles_nobody(shop: Shop) -> None:
    ana, ben, purchase = await a_sale(shop)
    await shop.db.do("update payments set refunding_amount = 500 where id = $1", UUID(purchase["paymentId"]))
    with a_generous_bank(shop, Money(1200, "EUR")):
        await looks_again(shop, purchase)
        assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
        await shop.db.do("update payments set refunding_amount = 0 where id = $1", UUID(purchase["paymentId"]))
        await looks_again(shop, purchase)
        assert (await ben.sees(purchase))["status"] == "REFUNDED"
        await ten_minutes_pass(shop)
    assert await parked_for(shop, purchase) == []
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_in_other_money_is_not_taken_for_the_same_sum(shop: Shop) -> None:
    ana, ben, purchase = await a_sale(shop)
    with a_generous_bank(shop, Money(1200, "USD")):
        await looks_again(shop, purchase)
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    await ten_minutes_pass(shop)
    [job] = await parked_for(shop, purchase)
    assert "12.00 USD" in str(job.error)
    await shop.books_agree(ana)
    await parking.replay_jobs(shop.db, [job.id])
