"""One Stripe account, over real HTTP, against a Stripe that is held to its published schemas."""

import asyncio
from typing import Any

import msgspec
import pytest
import structlog

from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.payments import GatewayDown, GatewayRefused, State
from purvey.payments.gateway import KeyRefused
from purvey.payments.stripe import STRIPE_VERSION, customers
from purvey.payments.stripe.wire import Wire
from tests.vocabulary.till import Till, account_of, shared_http


def test_the_fake_speaks_the_version_that_we_pin(till: Till) -> None:
    assert till.fake.version == STRIPE_VERSION


async def test_a_checkout_says_who_pays_what_for_what(till: Till) -> None:
    checkout = await till.opens()

    session = till.fake.find(checkout.reference)
    ours = {"payment_id": str(till.order.payment_id), "tenant_id": str(till.tenant_id)}
    assert checkout.url == session["url"]
    assert (session["amount_total"], session["currency"], session["mode"]) == (1200, "eur", "payment")
    assert session["client_reference_id"] == str(till.order.payment_id)
    assert session["metadata"] == ours
    assert (session["success_url"], session["cancel_url"]) == ("http://shop.test/thanks", "http://shop.test/left")
    assert session["expires_at"] == int(till.order.expires_at.timestamp()) == int(checkout.expires_at.timestamp())
    assert till.fake.find(session["customer"])["email"] == till.bob.email
    till.fake.choose(checkout.reference, "pay")
    intent = till.fake.find(till.fake.find(checkout.reference)["payment_intent"])
    assert intent["metadata"] == ours
    assert intent["receipt_email"] == till.bob.email
    assert {request.stripe_version for request in till.fake.requests} == {STRIPE_VERSION}


async def test_the_same_order_gives_the_same_checkout(till: Till) -> None:
    assert await till.opens() == await till.opens()
    assert till.count("checkout.session") == 1


async def test_a_checkout_whose_answer_was_lost_is_not_made_twice(till: Till) -> None:
    till.fake.fail_next("POST /v1/checkout/sessions", "drop_after_effect")
    first = await till.opens()
    assert till.sessions == [first.reference]

    till.fake.fail_next("POST /v1/checkout/sessions", "drop_after_effect")
    till.fake.fail_next("POST /v1/checkout/sessions", "drop")
    order = till.order_of(Money(500, "EUR"))
    with pytest.raises(GatewayDown):
        await till.opens(order)
    again = await till.opens(order)
    assert till.sessions == [first.reference, again.reference]


async def test_a_checkout_asked_for_in_other_words_by_an_older_program_is_the_one_that_counts(till: Till) -> None:
    await till.writes_down(till.order)
    first = await till.opens()
    other_words = msgspec.structs.replace(till.order, description="Field Atlas, second printing")
    assert await till.opens(other_words) == first
    assert till.count("checkout.session") == 1


async def test_a_payment_customer_is_made_at_the_first_payment_and_kept(till: Till) -> None:
    assert await customers.find(till.shop.db, till.tenant_id, till.bob.id, "stripe") is None
    await till.opens()
    await till.opens(till.order_of(Money(500, "EUR")))
    assert till.count("customer") == 1
    kept = await customers.find(till.shop.db, till.tenant_id, till.bob.id, "stripe")
    assert kept == till.fake.find(till.sessions[0])["customer"] == till.fake.find(till.sessions[1])["customer"]

    await till.opens(till.order_of(Money(500, "EUR"), payer=await till.shop.person("eve")))
    assert till.count("customer") == 2


async def test_two_first_purchases_at_once_make_one_payment_customer(till: Till) -> None:
    orders = [till.order_of(Money(500 + n, "EUR")) for n in range(4)]
    checkouts = await asyncio.gather(*(till.opens(order) for order in orders))
    assert len({checkout.reference for checkout in checkouts}) == 4
    assert till.count("customer") == 1


async def test_a_payment_customer_that_stripe_no_longer_has_is_made_anew(till: Till) -> None:
    await customers.keep(
        till.shop.db, till.tenant_id, till.bob.id, "stripe", reference="cus_elsewhere", now=till.shop.now
    )
    await till.writes_down(till.order)
    checkout = await till.opens()
    kept = await customers.find(till.shop.db, till.tenant_id, till.bob.id, "stripe")
    assert kept == till.fake.find(checkout.reference)["customer"] != "cus_elsewhere"
    assert await till.opens() == checkout
    assert till.count("checkout.session") == till.count("customer") == 1


async def test_a_hold_too_short_for_stripe_is_lengthened(till: Till) -> None:
    order = till.order_of(Money(500, "EUR"), minutes=10)
    checkout = await till.opens(order)
    assert checkout.expires_at > order.expires_at
    assert checkout.expires_at <= till.shop.now + till.account.shortest_hold


@pytest.mark.parametrize("minutes", [32, 23 * 60 + 58])
async def test_the_shortest_and_the_longest_hold_are_taken_as_they_are(till: Till, minutes: float) -> None:
    order = till.order_of(Money(500, "EUR"), minutes=minutes)
    assert int((await till.opens(order)).expires_at.timestamp()) == int(order.expires_at.timestamp())


@pytest.mark.parametrize(
    ("money", "why"), [(Money(49, "EUR"), "at least"), (Money(10**10, "EUR"), "no more"), (Money(5124, "KWD"), "finer")]
)
async def test_what_stripe_will_not_take_is_refused_for_good(till: Till, money: Money, why: str) -> None:
    with pytest.raises(GatewayRefused, match=why):
        await till.opens(till.order_of(money))
    assert till.sessions == []


@pytest.mark.parametrize(("trouble", "tries"), [(500, 2), (503, 2), (429, 1), ("timeout", 2), ("drop", 2)])
async def test_a_stripe_that_does_not_answer_is_down_and_asking_again_is_safe(
    till: Till, trouble: Any, tries: int
) -> None:
    checkout = await till.opens()
    till.fake.fail_next("GET /v1/checkout", trouble, times=tries)
    with pytest.raises(GatewayDown):
        await till.looks(checkout)
    assert (await till.looks(checkout)).state is State.OPEN


async def test_one_failure_is_tried_again_by_itself(till: Till) -> None:
    till.fake.fail_next("POST /v1/checkout/sessions", 500)
    await till.opens()
    assert till.count("checkout.session") == 1


async def test_a_wrong_key_is_said_without_saying_the_key(till: Till) -> None:
    wrong = "sk_test_0123456789wrong"
    wire = Wire(till.fake.base_url)
    wire.http = shared_http()
    account = await account_of(till.shop, wire, wrong)
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(KeyRefused) as refused:
            await account.open_checkout(till.order)
        with pytest.raises(KeyRefused):
            await account.check_key()
    assert wrong not in repr(logs) + str(refused.value)
    assert [line["key"] for line in logs] == ["…rong", "…rong"]
    await till.account.check_key()


async def test_a_payment_stands_as_its_buyer_left_it(till: Till) -> None:
    checkout = await till.opens()
    assert (await till.looks(checkout)).state is State.OPEN

    till.fake.choose(checkout.reference, "decline")
    declined = await till.looks(checkout)
    assert (declined.state, declined.failure, declined.paid) == (State.DECLINED, "Your card was declined.", None)

    till.fake.choose(checkout.reference, "authenticate")
    asked = await till.looks(checkout)
    assert (asked.state, asked.failure) == (State.REQUIRES_ACTION, None)
    till.fake.authenticate(str(asked.reference), passed=False)
    assert (await till.looks(checkout)).state is State.DECLINED

    till.fake.choose(checkout.reference, "pay")
    paid = await till.looks(checkout)
    assert (paid.state, paid.paid, paid.failure) == (State.PAID, till.order.amount, None)
    assert paid.checkout_reference == checkout.reference
    assert str(paid.reference).startswith("pi_")


@pytest.mark.parametrize(("result", "then"), [("succeeded", State.PAID), ("failed", State.FAILED)])
async def test_a_bank_debit_is_known_some_days_later(till: Till, result: Any, then: State) -> None:
    checkout = await till.opens()
    till.fake.choose(checkout.reference, "processing")
    assert (await till.looks(checkout)).state is State.PROCESSING
    assert (await till.account.expire(till.known_as(checkout))).state is State.PROCESSING
    till.fake.settle(checkout.reference, result)
    standing = await till.looks(checkout)
    assert standing.state is then
    assert (standing.failure is None) == (then is State.PAID)


async def test_a_checkout_that_is_closed_can_no_longer_be_paid(till: Till) -> None:
    checkout = await till.opens()
    assert (await till.account.expire(till.known_as(checkout))).state is State.EXPIRED
    assert (await till.account.expire(till.known_as(checkout))).state is State.EXPIRED
    assert till.fake.find(checkout.reference)["status"] == "expired"


async def test_a_checkout_that_was_paid_meanwhile_is_not_closed(till: Till) -> None:
    checkout, _ = await till.sells()
    closing = await till.account.expire(till.known_as(checkout))
    assert (closing.state, closing.paid) == (State.PAID, till.order.amount)


async def test_a_checkout_runs_out_by_stripes_own_clock(till: Till) -> None:
    checkout = await till.opens()
    till.fake.advance(41 * 60)
    assert (await till.looks(checkout)).state is State.EXPIRED


async def test_a_checkout_that_was_never_noted_is_found_again(till: Till) -> None:
    await till.writes_down(till.order)
    nothing_noted = till.known_as(None)
    assert (await till.account.look_up(nothing_noted)).state is State.UNKNOWN
    assert (await till.account.expire(nothing_noted)).state is State.UNKNOWN

    for _ in range(3):
        await till.opens(till.order_of(Money(700, "EUR")))
    assert (await till.account.look_up(nothing_noted)).state is State.UNKNOWN
    checkout = await till.opens()
    assert (await till.account.look_up(nothing_noted)).checkout_reference == checkout.reference

    till.fake.choose(checkout.reference, "pay")
    paid = await till.account.look_up(nothing_noted)
    assert paid.state is State.PAID
    by_intent = till.known_as(None, reference=paid.reference)
    assert await till.account.look_up(by_intent) == paid


async def test_what_stripe_has_never_heard_of_is_unknown(till: Till) -> None:
    checkout = msgspec.structs.replace(await till.opens(), reference="cs_test_never")
    assert (await till.looks(checkout)).state is State.UNKNOWN
    assert (await till.account.expire(till.known_as(checkout))).state is State.UNKNOWN
    by_intent = till.known_as(None, reference="pi_never")
    assert (await till.account.look_up(by_intent)).state is State.UNKNOWN


@pytest.mark.feature("C15")
async def test_a_saved_way_to_pay_belongs_to_the_customer_it_is_attached_to(till: Till) -> None:
    async def owns(method: str) -> bool:
        return await till.account.owns_method(tenant_id=till.tenant_id, payer_id=till.bob.id, method=method)

    assert not await owns("pm_card_visa")  # bob is no customer of Stripe's yet
    await till.opens()
    eve = await till.shop.person("eve")
    await till.opens(till.order_of(Money(500, "EUR"), payer=eve))
    bobs, eves = [
        (await till.account.v1.payment_methods.attach_async("pm_card_visa", {"customer": str(customer)})).id
        for customer in [
            await customers.find(till.shop.db, till.tenant_id, person.id, "stripe") for person in (till.bob, eve)
        ]
    ]
    assert await owns(bobs)
    for foreign in (eves, "pm_unheard_of", "pm_card_visa", "", "../customers", "pm é", "a/b?c"):
        assert not await owns(foreign)


async def test_money_goes_back_in_parts_and_never_more_than_was_paid(till: Till) -> None:
    checkout, paid = await till.sells()
    known = till.known_as(checkout, reference=paid.reference)
    first, second, third = new_id(), new_id(), new_id()

    sent = await till.account.refund(known, refund_id=first, amount=Money(500, "EUR"), reason="half of it is torn")
    assert (sent.state, sent.refund_id, sent.amount) == ("succeeded", first, Money(500, "EUR"))
    over = await till.account.refund(known, refund_id=second, amount=Money(701, "EUR"), reason="greed")
    assert (over.state, over.refund_id) == ("failed", second)
    assert "greater than unrefunded amount" in str(over.failure)
    rest = await till.account.refund(till.known_as(checkout), refund_id=third, amount=Money(700, "EUR"), reason="")
    assert rest.state == "succeeded"

    standing = await till.looks(checkout)
    assert [(refund.refund_id, refund.state) for refund in standing.refunds] == [
        (first, "succeeded"),
        (third, "succeeded"),
    ]
    assert standing.state is State.PAID
    assert (await till.account.refund(known, refund_id=new_id(), amount=Money(1, "EUR"), reason="")).state == "failed"


async def test_the_same_refund_is_sent_once_even_when_stripe_forgot_its_key(till: Till) -> None:
    checkout, paid = await till.sells()
    known, refund_id = till.known_as(checkout, reference=paid.reference), new_id()

    async def send() -> str:
        made = await till.account.refund(known, refund_id=refund_id, amount=Money(500, "EUR"), reason="torn")
        return made.reference

    till.fake.fail_next("POST /v1/refunds", "drop_after_effect")
    first = await send()
    till.fake.advance(25 * 3600)
    assert await send() == first
    assert till.count("refund") == 1


@pytest.mark.parametrize(("result", "state"), [("succeeded", "succeeded"), ("failed", "failed")])
async def test_a_refund_that_takes_its_time_is_pending_until_the_bank_speaks(
    till: Till, result: Any, state: str
) -> None:
    checkout, paid = await till.sells()
    till.fake.hold_refunds()
    known = till.known_as(checkout, reference=paid.reference)
    sent = await till.account.refund(known, refund_id=new_id(), amount=Money(1200, "EUR"), reason="torn")
    assert sent.state == "pending"
    assert (await till.looks(checkout)).refunds == (sent,)
    till.fake.settle_refund(sent.reference, result)
    after = (await till.looks(checkout)).refunds[0]
    assert after.state == state
    assert (after.failure is None) == (state == "succeeded")


async def test_every_refund_is_seen_however_many(till: Till) -> None:
    checkout, paid = await till.sells()
    known = till.known_as(checkout, reference=paid.reference)
    sent = [
        await till.account.refund(known, refund_id=new_id(), amount=Money(10 + n, "EUR"), reason="") for n in range(12)
    ]
    assert (await till.looks(checkout)).refunds == tuple(sent)


async def test_nothing_goes_back_of_what_was_not_paid(till: Till) -> None:
    checkout = await till.opens()
    refund = await till.account.refund(till.known_as(checkout), refund_id=new_id(), amount=till.order.amount, reason="")
    assert (refund.state, refund.failure) == ("failed", "Stripe has no such payment")
    too_fine = await till.account.refund(
        till.known_as((await till.sells())[0]), refund_id=new_id(), amount=Money(5124, "KWD"), reason=""
    )
    assert too_fine.state == "failed"


@pytest.mark.parametrize("won", [True, False])
async def test_a_dispute_is_open_and_then_won_or_lost(till: Till, won: bool) -> None:
    checkout, paid = await till.sells()
    assert paid.disputes == ()
    dispute = till.fake.dispute(str(paid.reference))
    opened = (await till.looks(checkout)).disputes[0]
    assert (opened.reference, opened.state, opened.amount) == (dispute["id"], "open", Money(1200, "EUR"))
    assert opened.reason == "fraudulent"
    refused = await till.account.refund(
        till.known_as(checkout), refund_id=new_id(), amount=Money(100, "EUR"), reason=""
    )
    assert refused.state == "failed"

    till.fake.close_dispute(dispute["id"], won=won)
    assert (await till.looks(checkout)).disputes[0].state == ("won" if won else "lost")


async def test_an_inquiry_is_no_dispute_yet(till: Till) -> None:
    checkout, paid = await till.sells()
    dispute = till.fake.dispute(str(paid.reference))
    till.fake.corrupt(dispute["id"], status="warning_needs_response")
    assert (await till.looks(checkout)).disputes == ()


async def test_money_that_is_not_what_was_asked_for_is_told_as_it_is(till: Till) -> None:
    checkout, paid = await till.sells()
    till.fake.corrupt(str(paid.reference), amount_received=1100)
    assert (await till.looks(checkout)).paid == Money(1100, "EUR")
