"""People buy at shops that sell by Stripe, over real HTTP on both sides."""

import asyncio
from typing import Any

import pytest
import stripe
from tests.vocabulary.stripe_shop import OWN_HOOK, PLATFORM_HOOK, StripeShop

LATER = 40  # minutes: longer than any hold here


@pytest.mark.feature("C4")
async def test_whoever_pays_at_stripe_owns_the_product(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=1200)

    purchase = await ben.buys(atlas)
    assert purchase["provider"] == "stripe"
    assert purchase["checkoutUrl"].startswith(stripe_shop.fake.base_url)
    assert "Field Atlas" in (await stripe_shop.http.get(purchase["checkoutUrl"])).text
    assert not await ben.owns(atlas)

    paid = await ben.pays(purchase)
    assert (paid["status"], paid["finalAmount"], paid["currencyCode"]) == ("SUCCEEDED", 1200, "EUR")
    assert await ben.owns(atlas)
    assert stripe_shop.fake.find(stripe_shop.intent_of(purchase))["receipt_email"] == ben.email
    await stripe_shop.books_agree(ana)


async def test_after_the_checkout_the_buyer_is_sent_back_to_the_purchase(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    purchase = await ben.buys(await ana.sells())
    left = await ben.answers_the_bank(purchase, "leave")
    assert left.headers["location"].startswith(f"{stripe_shop.base_url}/purchases/{purchase['id']}?")
    back = await ben.answers_the_bank(purchase, "pay")
    assert back.headers["location"] == f"{stripe_shop.base_url}/purchases/{purchase['id']}"


@pytest.mark.parametrize(("currency", "price", "units"), [("JPY", 500, 500), ("ISK", 700, 70000), ("KWD", 5120, 5120)])
async def test_each_currency_arrives_as_it_was_priced(
    stripe_shop: StripeShop, currency: str, price: int, units: int
) -> None:
    ana, ben = await stripe_shop.seller("ana", currency=currency), await stripe_shop.person("ben")
    purchase = await ben.buys(await ana.sells(price=price))
    assert stripe_shop.fake.find(stripe_shop.session_of(purchase))["amount_total"] == units
    paid = await ben.pays(purchase)
    assert (paid["status"], paid["finalAmount"]) == ("SUCCEEDED", price)
    await stripe_shop.books_agree(ana)


async def test_a_declined_card_may_be_followed_by_a_better_one(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(stock=1)
    purchase = await ben.buys(atlas)
    assert (await ben.declines(purchase))["status"] == "FAILED"
    assert await stripe_shop.stock_of(atlas) == (1, 1, 0)
    assert (await ben.declines(purchase))["status"] == "FAILED"
    assert (await ben.pays(purchase))["status"] == "SUCCEEDED"
    assert await stripe_shop.stock_of(atlas) == (1, 0, 1)
    await stripe_shop.books_agree(ana)


async def test_a_bank_may_ask_whether_it_is_really_the_buyer(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells()
    purchase = await ben.buys(atlas)

    async def tries(outcome: str) -> str:
        await ben.answers_the_bank(purchase, outcome)
        await stripe_shop.settles()
        return str((await ben.sees(purchase))["status"])

    assert await tries("authenticate") == "REQUIRES_ACTION"
    assert await tries("decline") == "FAILED"
    assert await tries("authenticate") == "REQUIRES_ACTION"
    assert not await ben.owns(atlas)
    assert await tries("pay") == "SUCCEEDED"
    assert await ben.owns(atlas)
    await stripe_shop.books_agree(ana)


@pytest.mark.parametrize(("result", "status"), [("succeeded", "SUCCEEDED"), ("failed", "FAILED")])
async def test_a_bank_debit_holds_the_goods_until_the_bank_has_spoken(
    stripe_shop: StripeShop, result: Any, status: str
) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(stock=1)
    purchase = await ben.buys(atlas)
    await ben.answers_the_bank(purchase, "processing")
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "PROCESSING"

    stripe_shop.days_pass(3)
    await stripe_shop.sweeps()
    assert (await ben.sees(purchase))["status"] == "PROCESSING"
    assert await stripe_shop.stock_of(atlas) == (1, 1, 0)
    assert not await ben.owns(atlas)

    stripe_shop.fake.settle(stripe_shop.session_of(purchase), result)
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == status
    sold = int(result == "succeeded")
    assert await stripe_shop.stock_of(atlas) == (1, 0, sold)
    assert await ben.owns(atlas) == bool(sold)
    await stripe_shop.books_agree(ana)


@pytest.mark.parametrize("mode", ["normal", "never"])
async def test_whoever_leaves_gives_the_goods_back_when_the_time_is_over(stripe_shop: StripeShop, mode: Any) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(stock=1)
    purchase = await ben.buys(atlas)
    stripe_shop.fake.webhook_mode = mode
    await ben.answers_the_bank(purchase, "leave")
    assert await stripe_shop.stock_of(atlas) == (1, 1, 0)

    stripe_shop.minutes_pass(LATER)
    if mode == "normal":
        stripe_shop.fake.advance(0)
    await stripe_shop.sweeps()
    assert (await ben.sees(purchase))["status"] == "EXPIRED"
    assert stripe_shop.fake.find(stripe_shop.session_of(purchase))["status"] == "expired"
    assert await stripe_shop.stock_of(atlas) == (1, 0, 0)
    await stripe_shop.books_agree(ana)


async def test_whoever_cancels_can_no_longer_pay(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(stock=1)
    purchase = await ben.buys(atlas)
    answer = await ben.post(f"/v1/purchases/{purchase['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    page = await stripe_shop.http.post(purchase["checkoutUrl"], data={"outcome": "pay"})
    assert page.status_code == 410
    assert await stripe_shop.stock_of(atlas) == (1, 0, 0)
    await stripe_shop.books_agree(ana)


@pytest.mark.parametrize("mode", ["duplicate", "out_of_order", "late", "never"])
async def test_however_stripe_tells_it_is_sold_once(stripe_shop: StripeShop, mode: Any) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(stock=2)
    purchase = await ben.buys(atlas)
    stripe_shop.fake.webhook_mode = mode
    await ben.answers_the_bank(purchase, "pay")
    if mode in {"late", "never"}:
        await stripe_shop.settles()
        assert (await ben.sees(purchase))["status"] == "PENDING"
        stripe_shop.minutes_pass(2)
        await stripe_shop.sweeps()
    else:
        await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    await stripe_shop.fake.release()
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    assert await stripe_shop.stock_of(atlas) == (2, 0, 1)
    assert await ben.owns(atlas)
    await stripe_shop.books_agree(ana)


async def test_an_answer_that_was_lost_leaves_one_checkout(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells()
    stripe_shop.fake.fail_next("POST /v1/checkout/sessions", "drop_after_effect")
    purchase = await ben.buys(atlas)
    assert stripe_shop.sessions_of(purchase) == [stripe_shop.session_of(purchase)]
    assert (await ben.pays(purchase))["status"] == "SUCCEEDED"


async def test_while_stripe_is_down_nothing_is_lost_and_asking_again_goes_on(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(stock=1)
    stripe_shop.fake.fail_next("POST /v1/customers", 503, times=3)
    down = await ben.asks_to_buy(atlas, key="one-wish")
    assert (down.status_code, down.json()["code"]) == (503, "gateway_unavailable")
    assert await stripe_shop.stock_of(atlas) == (1, 1, 0)

    again = await ben.asks_to_buy(atlas, key="one-wish")
    assert again.status_code == 202, again.text
    purchase = again.json() | {"id": again.json()["purchaseId"]}
    assert len(stripe_shop.sessions_of(purchase)) == 1
    assert (await ben.pays(purchase))["status"] == "SUCCEEDED"
    await stripe_shop.books_agree(ana)


async def test_the_same_wish_many_times_at_once_is_one_checkout(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(stock=5)
    answers = await asyncio.gather(*(ben.asks_to_buy(atlas, key="one-wish") for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    purchase = (await ben.asks_to_buy(atlas, key="one-wish")).json()
    assert {answer.json()["purchaseId"] for answer in answers if answer.status_code == 202} == {purchase["purchaseId"]}
    assert len(stripe_shop.sessions_of(purchase)) == 1
    assert await stripe_shop.stock_of(atlas) == (5, 1, 0)


async def test_a_price_that_stripe_does_not_take_holds_nothing(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(price=20, stock=1)
    refused = await ben.asks_to_buy(atlas)
    assert (refused.status_code, refused.json()["code"]) == (409, "gateway_refused")
    assert "at least" in refused.json()["detail"]
    assert await stripe_shop.stock_of(atlas) == (1, 0, 0)
    await stripe_shop.books_agree(ana)


@pytest.mark.parametrize(
    ("price", "percent", "says"), [(100, 60, "at least"), (10**8, 1, None), (10**8 + 9, 1, "no more")]
)
async def test_a_code_that_leaves_less_than_stripe_takes_or_more_is_free_again(
    stripe_shop: StripeShop, price: int, percent: int, says: str | None
) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells(price=price)
    assert ana.site
    codes = f"/v1/sites/{ana.site['id']}/discount-codes"
    body = {"code": "LESS", "discountType": "PERCENTAGE", "value": percent, "maxUses": 1}
    code = (await ana.post(codes, body)).json()
    answer = await ben.asks_to_buy(atlas, **({"code": "LESS"} if price <= 10**8 else {}))
    if says is None:
        assert answer.status_code == 202, answer.text
        return
    assert (answer.status_code, answer.json()["code"]) == (409, "gateway_refused")
    assert says in answer.json()["detail"]
    kept = (await ana.get(f"{codes}/{code['id']}")).json()
    assert (kept["reservedCount"], kept["usedCount"]) == (0, 0)
    await stripe_shop.books_agree(ana)


@pytest.mark.parametrize(("currency", "grain"), [("KWD", 10), ("MGA", 100)])
async def test_every_sum_of_a_currency_that_is_charged_in_steps_arrives(
    stripe_shop: StripeShop, currency: str, grain: int
) -> None:
    """A third off 12.340, five percent on top: finer than Stripe goes, were it not rounded to what it takes."""
    ana, ben = await stripe_shop.seller("ana", currency=currency), await stripe_shop.person("ben")
    assert ana.site
    await stripe_shop.db.do("update tenants set tax_rate_bps = 550 where id = $1::text::uuid", ana.site["tenantId"])
    codes = f"/v1/sites/{ana.site['id']}/discount-codes"
    await ana.post(codes, {"code": "THIRD", "discountType": "PERCENTAGE", "value": 33.33})
    atlas = await ana.sells(price=1234 * grain)
    paid = await ben.has(atlas, code="THIRD")
    assert paid["status"] == "SUCCEEDED", paid
    assert all(paid[name] % grain == 0 for name in ("discountAmount", "taxAmount", "finalAmount"))
    refused = await ana.refunds(paid, amount=grain + 1)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "too_fine")
    assert (await ana.refunds(paid, amount=grain * 100)).status_code == 202
    assert (await ana.refunds(paid)).status_code == 202
    await stripe_shop.settles()
    assert (await ben.sees(paid))["status"] == "REFUNDED"
    await stripe_shop.books_agree(ana)


async def test_a_notice_with_a_wrong_signature_changes_nothing(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    purchase = await ben.buys(await ana.sells())
    stripe_shop.fake.webhook_secret = PLATFORM_HOOK  # good, but not for this seller's endpoint
    stripe_shop.fake.retry_delays = ()
    await ben.answers_the_bank(purchase, "pay")
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "PENDING"
    refused = {each.status for each in stripe_shop.fake.deliveries[-3:]}
    assert refused == {400}

    await stripe_shop.gives_keys(ana)
    stripe_shop.fake.webhook_secret = OWN_HOOK
    await stripe_shop.fake.release()
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"


async def test_a_notice_of_another_api_version_is_understood(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    purchase = await ben.buys(await ana.sells())
    stripe_shop.fake.webhook_mode = "never"
    await ben.answers_the_bank(purchase, "pay")
    completed = next(e for e in reversed(stripe_shop.fake.events) if e["type"] == "checkout.session.completed")
    stripe_shop.fake.corrupt(completed["id"], api_version="2017-08-15")
    await stripe_shop.fake.resend(completed["id"])
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    await stripe_shop.fake.release()


async def test_a_notice_of_nothing_we_know_is_accepted_and_does_nothing(stripe_shop: StripeShop) -> None:
    ana = await stripe_shop.seller("ana")
    body = '{"id": "evt_unheard_of", "type": "v9.unheard_of", "data": {"object": {"object": "payout", "id": "po_1"}}}'
    signature = stripe.WebhookSignature.generate_signature_header(body, stripe_shop.fake.webhook_secret)
    door = f"/v1/webhooks/stripe/{(ana.site or {})['tenantId']}"
    for _ in range(2):
        answer = await stripe_shop.http.post(door, content=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == 200, answer.text
    await stripe_shop.settles()


@pytest.mark.feature("C4", "C15")
async def test_a_way_to_pay_must_be_the_buyers_own(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas, globe = await ana.sells("Field Atlas"), await ana.sells("Globe")

    foreign = await ben.asks_to_buy(atlas, paymentMethodId="pm_card_visa")
    assert (foreign.status_code, foreign.json()["code"]) == (400, "foreign_payment_method")

    first = await ben.has(atlas)
    assert first["status"] == "SUCCEEDED"
    customer = stripe_shop.fake.every("customer")[-1]
    assert customer["email"] == ben.email
    own = await stripe_shop.at_stripe.v1.payment_methods.attach_async("pm_card_visa", {"customer": customer["id"]})
    accepted = await ben.asks_to_buy(globe, paymentMethodId=own.id)
    assert accepted.status_code == 202, accepted.text
    session = stripe_shop.fake.find(stripe_shop.session_of(accepted.json()))
    assert session["customer"] == customer["id"]

    eve = await stripe_shop.person("eve")
    stranger = await eve.asks_to_buy(globe, paymentMethodId=own.id)
    assert (stranger.status_code, stranger.json()["code"]) == (400, "foreign_payment_method")
