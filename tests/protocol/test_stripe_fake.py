"""The fake Stripe, driven by Stripe's published SDK over real HTTP: the sale."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from tests.stripe_fake.small_shop import SmallShop, plain, refused, said_of, selling

PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


@pytest.fixture
async def shop() -> AsyncIterator[SmallShop]:
    async with selling() as shop:
        yield shop


async def test_a_buyer_pays_on_the_hosted_page(shop: SmallShop) -> None:
    session = await shop.starts(
        client_reference_id="p1",
        customer_email="ana@example.com",
        metadata={"purchase": "p1"},
        payment_intent_data={"metadata": {"payment": "m1"}},
    )
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert session.url == f"{shop.fake.base_url}/c/pay/{session.id}"
    page = await shop.buyer_sees(session)
    assert "Atlas" in page
    assert "$9.99 USD" in page

    answer = await shop.buyer_presses(session, "pay")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://shop.test/thanks?session={session.id}"

    paid = await shop.rereads(session)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.client_reference_id, plain(paid.metadata)) == ("p1", {"purchase": "p1"})
    assert paid.customer_details is not None
    assert paid.customer_details.email == "ana@example.com"
    intent = await shop.intent_of(session)
    assert (intent.status, intent.amount_received, plain(intent.metadata)) == ("succeeded", 999, {"payment": "m1"})
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.paid
    found = await shop.client.v1.checkout.sessions.list_async({"payment_intent": intent.id})
    assert [each.id for each in found.data] == [session.id]

    assert await shop.hears() == PAID
    assert {event.api_version for event in shop.inbox.events} == {shop.fake.version}
    assert "already paid" in await shop.buyer_sees(session)


async def test_a_declined_buyer_may_try_again(shop: SmallShop) -> None:
    session = await shop.starts()
    answer = await shop.buyer_presses(session, "decline")
    assert answer.headers["location"] == f"/c/pay/{session.id}"
    assert (await shop.rereads(session)).status == "open"
    intent = await shop.intent_of(session)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "card_declined"
    assert "Your card was declined." in await shop.buyer_sees(session)

    await shop.buyer_presses(session, "pay")
    assert (await shop.rereads(session)).status == "complete"
    assert (await shop.intent_of(session)).id == intent.id
    failing = ["charge.failed", "payment_intent.payment_failed"]
    assert await shop.hears() == [PAID[0], *failing, *PAID[1:]]


@pytest.mark.parametrize(("answer", "status"), [("pay", "complete"), ("decline", "open")])
async def test_three_d_secure_asks_before_it_takes(shop: SmallShop, answer: str, status: str) -> None:
    session = await shop.starts()
    await shop.buyer_presses(session, "authenticate")
    assert (await shop.rereads(session)).status == "open"
    assert (await shop.intent_of(session)).status == "requires_action"
    assert "Complete authentication" in await shop.buyer_sees(session)

    await shop.buyer_presses(session, answer)
    assert (await shop.rereads(session)).status == status


@pytest.mark.parametrize(("result", "payment_status"), [("succeeded", "paid"), ("failed", "unpaid")])
async def test_a_bank_debit_is_known_later(shop: SmallShop, result: Any, payment_status: str) -> None:
    session = await shop.starts()
    await shop.buyer_presses(session, "processing")
    waiting = await shop.rereads(session)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    assert (await shop.intent_of(session)).status == "processing"

    shop.fake.settle(session.id, result)
    assert (await shop.rereads(session)).payment_status == payment_status
    assert (await shop.hears())[-1] == f"checkout.session.async_payment_{result}"


async def test_a_session_for_cards_offers_no_bank_debit(shop: SmallShop) -> None:
    session = await shop.starts(payment_method_types=["card"])
    assert "Bank debit" not in await shop.buyer_sees(session)
    assert (await shop.buyer_presses(session, "processing")).status_code == 400


async def test_leaving_sends_the_buyer_back_and_keeps_the_session(shop: SmallShop) -> None:
    session = await shop.starts()
    answer = await shop.buyer_presses(session, "leave")
    assert answer.headers["location"] == "http://shop.test/basket"
    assert (await shop.rereads(session)).status == "open"


async def test_a_free_session_completes_without_an_intent(shop: SmallShop) -> None:
    session = await shop.starts(0)
    await shop.buyer_presses(session, "pay")
    done = await shop.rereads(session)
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert done.payment_intent is None


async def test_a_session_expires_by_itself_at_its_time(shop: SmallShop) -> None:
    session = await shop.starts(expires_at=int(time.time()) + 1900)
    shop.fake.advance(1800)
    assert (await shop.rereads(session)).status == "open"
    shop.fake.advance(200)
    assert (await shop.rereads(session)).status == "expired"
    assert (await shop.buyer_presses(session, "pay")).status_code == 410
    assert "expired" in await shop.buyer_sees(session)
    assert await shop.hears() == ["checkout.session.expired"]


async def test_the_shop_expires_an_open_session_once(shop: SmallShop) -> None:
    session = await shop.starts()
    await shop.buyer_presses(session, "authenticate")
    expire = shop.client.v1.checkout.sessions.expire_async
    expired = await expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    assert (await shop.intent_of(session)).status == "canceled"
    error = await refused(expire(session.id), stripe.InvalidRequestError)
    assert "can be expired" in str(error)


@pytest.mark.parametrize("seconds", [29 * 60, 24 * 3600 + 5])
async def test_a_session_lives_half_an_hour_to_a_day(shop: SmallShop, seconds: int) -> None:
    call = shop.starts(expires_at=int(time.time()) + seconds)
    error = await refused(call, stripe.InvalidRequestError)
    assert said_of(error)["param"] == "expires_at"


async def test_a_priced_product_is_sold_by_its_price(shop: SmallShop) -> None:
    product = await shop.client.v1.products.create_async({"name": "Atlas", "metadata": {"sku": "atlas"}})
    terms: Any = {"product": product.id, "currency": "EUR", "unit_amount": 250}
    price = await shop.client.v1.prices.create_async(terms)
    session = await shop.starts(line_items=[{"price": price.id, "quantity": 3}])
    assert (session.amount_total, session.currency) == (750, "eur")
    lines = await shop.client.v1.checkout.sessions.line_items.list_async(session.id)
    assert [(each.description, each.quantity) for each in lines.data] == [("Atlas", 3)]

    archived = await shop.client.v1.prices.update_async(price.id, {"active": False})
    assert not archived.active
    terms["recurring"] = {"interval": "month"}
    monthly = await shop.client.v1.prices.create_async(terms)
    call = shop.starts(line_items=[{"price": monthly.id, "quantity": 1}])
    assert "recurring price" in str(await refused(call, stripe.InvalidRequestError))
