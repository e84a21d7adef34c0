"""Banks tell twice, late, out of order, never, or something else than was asked. No money is lost by it."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.vocabulary.shop import Person, Shop, eventually

from purvey import purchases
from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.kit.own_keys import LEASE
from purvey.kit.secret import Secret
from purvey.payments import Checkout, CheckoutOrder, GatewayDown, References, Standing
from purvey.payments.testbank import TestBank, signing


class BadDay(TestBank):
    """The test bank, doing what a story says it does. It keeps the same books."""

    is_down = False
    forgets_to_answer = False
    thinks_it_got: Money | None = None

    def refuse(self) -> None:
        if self.is_down:
            raise GatewayDown("The bank is closed")

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        self.refuse()
        checkout = await super().open_checkout(order)
        if self.forgets_to_answer:
            raise GatewayDown("The line went dead")
        return checkout

    async def look_up(self, payment: References) -> Standing:
        self.refuse()
        standing = await super().look_up(payment)
        return msgspec.structs.replace(standing, paid=self.thinks_it_got) if self.thinks_it_got else standing

    async def expire(self, payment: References) -> Standing:
        self.refuse()
        return await super().expire(payment)


@contextlib.contextmanager
def a_bad_day(shop: Shop) -> Iterator[BadDay]:
    gateways: Any = shop.world.gateways
    good = gateways.installed["testbank"]
    bad = BadDay(good.db, base_url=good.base_url, secret=good.secret, clock=good.clock)
    gateways.installed["testbank"] = bad
    try:
        yield bad
    finally:
        gateways.installed["testbank"] = good


async def a_purchase(shop: Shop, **fields: Any) -> tuple[Person, Person, dict[str, Any], dict[str, Any]]:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", **fields)
    return ana, ben, atlas, await ben.buys(atlas)


@pytest.mark.feature("A12", "A21")
@pytest.mark.parametrize("delivery", ["twice", "out_of_order"])
async def test_hearing_twice_or_in_the_wrong_order_changes_nothing(shop: Shop, delivery: str) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    assert (await ben.pays(purchase, delivery=delivery))["status"] == "SUCCEEDED"
    assert await shop.stock_of(atlas) == (1, 0, 1)
    granted = await shop.db.value("select count(*) from entitlements where user_id = $1", ben.id)
    assert granted == 1
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_hearing_late_is_early_enough(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop)
    assert (await ben.pays(purchase, delivery="late"))["status"] == "PENDING"

    async def paid() -> bool:
        return bool((await ben.sees(purchase))["status"] == "SUCCEEDED")

    await eventually(paid)
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_a_payment_nobody_told_of_is_found_by_asking(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    assert (await ben.pays(purchase, delivery="never"))["status"] == "PENDING"
    shop.minutes_pass(2)
    await shop.sweeps()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "A25")
async def test_paid_in_the_last_minute_is_paid_even_when_nobody_told(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    shop.minutes_pass(29)
    await ben.answers_the_bank(purchase, "pay", delivery="never")
    shop.minutes_pass(2)
    await shop.sweeps()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    assert await shop.stock_of(atlas) == (1, 0, 1)
    await shop.books_agree(ana)


@pytest.mark.feature("A25")
async def test_what_is_held_stays_held_until_the_bank_says_that_it_is_over(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    with a_bad_day(shop) as bank:
        bank.is_down = True
        shop.minutes_pass(31)
        await shop.sweeps()
        assert (await ben.sees(purchase))["status"] == "PENDING"
        assert await shop.stock_of(atlas) == (1, 1, 0)
    shop.minutes_pass(61)
    await shop.sweeps()
    assert (await ben.sees(purchase))["status"] == "EXPIRED"
    assert await shop.stock_of(atlas) == (1, 0, 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A25")
async def test_late_money_is_honoured_while_there_is_stock(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    await ben.pays_too_late(purchase)
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    assert await ben.owns(atlas)
    assert await shop.stock_of(atlas) == (1, 0, 1)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A25")
async def test_late_money_goes_back_when_what_it_was_for_is_gone(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    shop.minutes_pass(31)
    await shop.sweeps()
    await (await shop.person("eve")).has(atlas)

    await ben.pays_too_late(purchase)

    back = await ben.sees(purchase)
    assert (back["status"], back["refundedAmount"], back["deliveredAt"]) == ("REFUNDED", 1200, None)
    assert not await ben.owns(atlas)
    assert await shop.stock_of(atlas) == (1, 0, 1)
    await shop.books_agree(ana)


@pytest.mark.feature("A21")
async def test_late_money_goes_back_when_its_buyer_has_bought_it_again(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop)
    shop.minutes_pass(31)
    await shop.sweeps()
    again = await ben.has(atlas)
    await ben.pays_too_late(purchase)
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert (await ben.sees(again))["status"] == "SUCCEEDED"
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A21")
async def test_another_sum_than_was_asked_for_is_put_on_hold(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    with a_bad_day(shop) as bank:
        bank.thinks_it_got = Money(1, "EUR")
        assert (await ben.pays(purchase))["status"] == "ON_HOLD"
    assert not await ben.owns(atlas)
    assert await shop.stock_of(atlas) == (1, 0, 0)
    why = await shop.db.value("select failure from payments where id = $1", UUID(purchase["paymentId"]))
    assert why == "0.01 EUR came instead of 12.00 EUR"
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
@pytest.mark.parametrize("fault", ["is_down", "forgets_to_answer"])
async def test_a_retry_with_the_same_key_goes_on_where_the_bank_failed(shop: Shop, fault: str) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", stock=1)
    with a_bad_day(shop) as bank:
        setattr(bank, fault, True)
        down = await ben.asks_to_buy(atlas, key="k")
        assert (down.status_code, down.json()["code"]) == (503, "gateway_unavailable")
        assert down.headers["retry-after"] == "5"
    assert await shop.stock_of(atlas) == (1, 1, 0), "it is kept for him meanwhile"

    again = await ben.buys(atlas, key="k")
    assert (await ben.pays(again))["status"] == "SUCCEEDED"
    assert len((await ben.get("/v1/purchases")).json()["data"]) == 1
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_a_checkout_that_was_never_opened_is_opened_by_the_sweep_and_expires_at_its_time(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas, print_ = await ana.sells("Field Atlas", stock=1), await ana.sells("Print", stock=1)
    with a_bad_day(shop) as bank:
        bank.is_down = True
        await ben.asks_to_buy(atlas)
        await ben.asks_to_buy(print_)
    [second, first] = (await ben.get("/v1/purchases")).json()["data"]

    shop.minutes_pass(2)
    await shop.sweeps()
    url = (await ben.sees(first))["checkoutUrl"]
    assert url
    assert (await ben.pays(first | {"checkoutUrl": url}))["status"] == "SUCCEEDED"

    shop.minutes_pass(60)
    await shop.sweeps()
    assert (await ben.sees(second))["status"] == "EXPIRED"
    assert await shop.stock_of(print_) == (1, 0, 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A33")
async def test_nobody_but_the_bank_is_believed(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop)
    bank: Any = shop.world.gateways
    secret = bank.installed["testbank"].secret
    body = msgspec.json.encode(
        {"kind": "checkout.paid", "paymentId": purchase["paymentId"], "checkoutReference": "x", "reference": None}
    )
    good = signing.signed(secret, id="evt_1", body=body, now=shop.now)
    old = signing.signed(secret, id="evt_2", body=body, now=shop.now - timedelta(minutes=6))
    forged = signing.signed(Secret("guess"), id="evt_3", body=body, now=shop.now)
    for headers, sent in ((forged, body), (old, body), (good, body + b" "), ({}, body)):
        answer = await shop.http.post("/v1/webhooks/testbank", content=sent, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert (await shop.http.post("/v1/webhooks/nobank", content=body)).status_code == 404
    assert (await shop.http.post("/v1/webhooks/testbank", content=b"x" * 1_100_000)).status_code == 413

    for _ in range(2):
        assert (await shop.http.post("/v1/webhooks/testbank", content=body, headers=good)).status_code == 200
    kept = await shop.db.value("select count(*) from inbox where notice_id = 'evt_1'")
    assert kept == 1
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "PENDING", "a notice is a hint; the bank says it is not paid"
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_a_request_that_died_half_way_is_waited_for_and_then_taken_over(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    with a_bad_day(shop) as bank:
        bank.forgets_to_answer = True
        assert (await ben.asks_to_buy(atlas, key="k")).status_code == 503
    await shop.db.do(
        "update idempotency_keys set leased_until = $2 where owner = $1", f"user:{ben.id}", shop.now + LEASE
    )

    waiting = await ben.asks_to_buy(atlas, key="k")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "request_in_flight")
    assert waiting.headers["retry-after"] == "1"
    shop.minutes_pass(0.51)
    taken_over = await ben.buys(atlas, key="k")

    assert (await ben.pays(taken_over))["status"] == "SUCCEEDED"
    sessions = await shop.db.value(
        "select count(*) from test_bank_sessions where idempotency_key = $1", UUID(taken_over["paymentId"])
    )
    assert sessions == 1, "the bank was asked twice and opened one checkout"
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A24")
async def test_late_money_goes_back_when_its_code_is_used_up(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    atlas = await ana.sells("Field Atlas", stock=5)
    body = {"code": "ONCE", "discountType": "PERCENTAGE", "value": 50, "maxUses": 1}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", body)).status_code == 201
    purchase = await ben.buys(atlas, code="ONCE")
    shop.minutes_pass(31)
    await shop.sweeps()
    await (await shop.person("eve")).has(atlas, code="ONCE")

    await ben.pays_too_late(purchase)

    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert await shop.stock_of(atlas) == (5, 0, 1)
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_made_at_the_bank_itself_is_known_here(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop)
    await ben.pays(purchase)
    bank: Any = shop.world.gateways
    references = References(
        payment_id=UUID(purchase["paymentId"]), tenant_id=ben.id, checkout_reference=None, reference=None
    )
    await bank.installed["testbank"].refund(
        references, refund_id=new_id(), amount=Money(1200, "EUR"), reason="by telephone"
    )
    await shop.settles()
    back = await ben.sees(purchase)
    assert (back["status"], back["refundReason"]) == ("REFUNDED", "made at the gateway")
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A22")
async def test_a_refund_that_arrived_and_came_back_waits_for_its_seller_to_send_it_again(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    await ben.pays(purchase)
    await ana.refunds(purchase)
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"

    await shop.bank_finds(purchase, "failed")
    seen = await ben.sees(purchase)
    assert (seen["status"], seen["refundedAmount"], seen["refundedAt"]) == ("ON_HOLD", 0, None)
    assert [each["status"] for each in seen["refunds"]] == ["FAILED"]
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)

    assert (await ana.refunds(purchase)).status_code == 202
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert await shop.stock_of(atlas) == (1, 0, 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A22")
async def test_part_of_the_money_that_came_back_is_still_owed_and_the_product_stays(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop)
    await ben.pays(purchase)
    await ana.refunds(purchase, amount=500)
    await shop.settles()

    await shop.bank_finds(purchase, "failed")

    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A22")
async def test_late_money_that_cannot_go_back_is_put_on_hold(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    shop.minutes_pass(31)
    await shop.sweeps()
    await (await shop.person("eve")).has(atlas)
    await shop.db.do(
        """update test_bank_sessions set delivery = '{"refunds": "fail"}' where idempotency_key = $1""",
        UUID(purchase["paymentId"]),
    )

    await ben.pays_too_late(purchase)

    seen = await ben.sees(purchase)
    assert (seen["status"], [each["status"] for each in seen["refunds"]]) == ("ON_HOLD", ["FAILED"])
    await shop.books_agree(ana)
    await shop.bank_finds(purchase, "failed")
    assert (await ben.sees(purchase))["status"] == "ON_HOLD", "it waits, however often the bank is asked"


@pytest.mark.feature("A21", "A23")
async def test_late_money_that_is_disputed_already_goes_back_once_the_dispute_is_won(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop, stock=1)
    shop.minutes_pass(31)
    await shop.sweeps()
    await (await shop.person("eve")).has(atlas)
    await shop.db.do(
        "update test_bank_sessions set dispute = 'open' where idempotency_key = $1", UUID(purchase["paymentId"])
    )

    await ben.pays_too_late(purchase)
    assert (await ben.sees(purchase))["status"] == "DISPUTED"
    await shop.books_agree(ana)

    closed = await shop.http.post(f"{purchase['checkoutUrl']}/close", data={"outcome": "won"})
    assert closed.status_code == 303
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_two_refunds_that_arrive_together_are_both_told(shop: Shop) -> None:
    ana, ben, _, purchase = await a_purchase(shop)
    await ben.pays(purchase, delivery="never")
    shop.minutes_pass(2)
    await shop.sweeps()
    await ana.refunds(purchase, amount=500)
    await ana.refunds(purchase, amount=700)
    await shop.settles()
    shop.minutes_pass(2)
    await shop.sweeps()

    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    told = await shop.db.records(
        "select payload from events where type = 'PURCHASE_REFUNDED' and subject_id = $1 order by id",
        UUID(purchase["id"]),
    )
    assert [(each["payload"]["amount"], each["payload"]["whole"]) for each in told] == [(500, False), (700, True)]
    await shop.books_agree(ana)


@pytest.mark.feature("A21")
async def test_late_money_goes_back_while_its_buyer_is_at_another_checkout_of_the_same_thing(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop)
    shop.minutes_pass(31)
    await shop.sweeps()
    again = await ben.buys(atlas)
    await shop.db.do(
        "update test_bank_sessions set state = 'open', expires_at = $2 where idempotency_key = $1",
        UUID(purchase["paymentId"]),
        shop.now + timedelta(minutes=5),
    )
    await ben.answers_the_bank(purchase, "pay")
    await ben.pays(again)
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert (await ben.sees(again))["status"] == "SUCCEEDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A21", "A24")
async def test_late_money_goes_back_when_its_buyer_used_the_code_elsewhere(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    atlas, guide = await ana.sells("Field Atlas"), await ana.sells("Guide")
    body = {"code": "MINE", "discountType": "PERCENTAGE", "value": 50, "maxUsesPerBuyer": 1}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", body)).status_code == 201
    purchase = await ben.buys(atlas, code="MINE")
    shop.minutes_pass(31)
    await shop.sweeps()
    await ben.has(guide, code="MINE")

    await ben.pays_too_late(purchase)

    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_whole_refund_at_the_bank_itself_ends_what_was_set_aside_here(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_purchase(shop)
    await ben.pays(purchase)
    bank: Any = shop.world.gateways
    references = References(
        payment_id=UUID(purchase["paymentId"]), tenant_id=ben.id, checkout_reference=None, reference=None
    )
    async with shop.db.transaction() as tx:
        await purchases.request_refund(
            tx, UUID(purchase["id"]), amount=500, reason="bent", requested_by=ana.id, now=shop.now
        )
    await bank.installed["testbank"].refund(
        references, refund_id=new_id(), amount=Money(1200, "EUR"), reason="by telephone"
    )
    await shop.settles()
    back = await ben.sees(purchase)
    assert (back["status"], sorted(each["status"] for each in back["refunds"])) == ("REFUNDED", ["FAILED", "SUCCEEDED"])
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)
