"""The fake Stripe: money back, disputes, and customers whose cards are kept."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from tests.stripe_fake.small_shop import SmallShop, plain, refused, said_of, selling


@pytest.fixture
async def shop() -> AsyncIterator[SmallShop]:
    async with selling() as shop:
        yield shop


async def test_refunds_in_parts_until_nothing_is_left(shop: SmallShop) -> None:
    intent = await shop.sells(1000)
    refund = shop.client.v1.refunds.create_async
    terms: Any = {"amount": 300, "reason": "requested_by_customer", "metadata": {"refund": "r1"}}
    terms["payment_intent"] = intent.id
    part = await refund(terms)
    assert (part.status, part.amount, plain(part.metadata)) == ("succeeded", 300, {"refund": "r1"})

    over = await refused(refund({"payment_intent": intent.id, "amount": 701}), stripe.InvalidRequestError)
    assert "Refund amount ($7.01) is greater than unrefunded amount on charge ($7.00)" in str(over)
    await refund({"payment_intent": intent.id})
    again = await refused(refund({"payment_intent": intent.id}), stripe.InvalidRequestError)
    assert again.code == "charge_already_refunded"

    listed = await shop.client.v1.refunds.list_async({"payment_intent": intent.id})
    assert [each.amount for each in listed.data] == [700, 300]
    assert isinstance(intent.latest_charge, stripe.Charge)
    charge = await shop.client.v1.charges.retrieve_async(intent.latest_charge.id, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1000, True)
    assert charge.refunds is not None
    assert [each.id for each in charge.refunds.data] == [each.id for each in listed.data]
    assert (await shop.hears())[4:] == ["refund.created", "charge.refunded"] * 2


async def test_a_refund_may_wait_and_come_back(shop: SmallShop) -> None:
    intent = await shop.sells()
    shop.fake.hold_refunds()
    refund = await shop.client.v1.refunds.create_async({"payment_intent": intent.id})
    assert refund.status == "pending"
    shop.fake.settle_refund(refund.id, "succeeded")
    assert (await shop.client.v1.refunds.retrieve_async(refund.id)).status == "succeeded"
    shop.fake.settle_refund(refund.id, "failed")
    failed = await shop.client.v1.refunds.retrieve_async(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert (await shop.hears())[-3:] == ["refund.updated", "refund.updated", "refund.failed"]


async def test_nothing_is_refunded_before_it_is_paid(shop: SmallShop) -> None:
    session = await shop.starts()
    await shop.buyer_presses(session, "decline")
    intent = await shop.intent_of(session)
    call = shop.client.v1.refunds.create_async({"payment_intent": intent.id})
    error = await refused(call, stripe.InvalidRequestError)
    assert "does not have a successful charge to refund" in str(error)


@pytest.mark.parametrize("won", [True, False])
async def test_a_dispute_takes_the_money_until_it_is_closed(shop: SmallShop, won: bool) -> None:
    intent = await shop.sells()
    dispute = shop.fake.dispute(intent.id)
    found = await shop.client.v1.disputes.list_async({"payment_intent": intent.id})
    assert [(each.id, each.status) for each in found.data] == [(dispute["id"], "needs_response")]
    refund = shop.client.v1.refunds.create_async({"payment_intent": intent.id})
    assert (await refused(refund, stripe.InvalidRequestError)).code == "charge_disputed"

    shop.fake.close_dispute(dispute["id"], won=won)
    closed = await shop.client.v1.disputes.retrieve_async(dispute["id"])
    assert closed.status == ("won" if won else "lost")
    assert sum(each.net for each in closed.balance_transactions) == (-1500 if won else -2499)
    opening = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    closing = ["charge.dispute.closed", *["charge.dispute.funds_reinstated"] * won]
    assert (await shop.hears())[4:] == opening + closing


async def test_a_customer_keeps_a_card_and_is_charged(shop: SmallShop) -> None:
    terms: Any = {"email": "ana@example.com", "metadata": {"a": "1", "b": "2"}}
    customer = await shop.client.v1.customers.create_async(terms)
    update: Any = {"metadata": {"a": ""}, "name": "Ana", "email": ""}
    customer = await shop.client.v1.customers.update_async(customer.id, update)
    assert (customer.email, customer.name, plain(customer.metadata)) == (None, "Ana", {"b": "2"})

    card = await shop.client.v1.payment_methods.attach_async("pm_card_visa", {"customer": customer.id})
    charge = shop.client.v1.payment_intents.create_async
    order: Any = {"amount": 500, "currency": "eur", "payment_method": card.id, "confirm": True}
    assert "belongs to a customer" in str(await refused(charge(order), stripe.InvalidRequestError))
    order["customer"] = customer.id
    assert "return_url" in str(await refused(charge(order), stripe.InvalidRequestError))
    order["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    intent = await charge(order)
    assert intent.status == "succeeded"
    cancel = shop.client.v1.payment_intents.cancel_async(intent.id)
    assert (await refused(cancel, stripe.InvalidRequestError)).code == "payment_intent_unexpected_state"


async def test_an_intent_is_declined_then_authenticated(shop: SmallShop) -> None:
    order: Any = {"amount": 500, "currency": "usd", "payment_method_types": ["card"]}
    intent = await shop.client.v1.payment_intents.create_async(order)
    confirm = shop.client.v1.payment_intents.confirm_async
    call = confirm(intent.id, {"payment_method": "pm_card_chargeCustomerFail"})
    declined = await refused(call, stripe.CardError)
    assert declined.http_status == 402
    assert said_of(declined)["decline_code"] == "generic_decline"

    intent = await confirm(intent.id, {"payment_method": "pm_card_threeDSecure2Required"})
    assert intent.status == "requires_action"
    shop.fake.authenticate(intent.id)
    assert (await shop.client.v1.payment_intents.retrieve_async(intent.id)).status == "succeeded"


async def test_a_sleeping_buyer_cannot_authenticate(shop: SmallShop) -> None:
    order: Any = {"amount": 500, "currency": "usd", "payment_method_types": ["card"], "confirm": True}
    order |= {"payment_method": "pm_card_authenticationRequired", "off_session": True}
    error = await refused(shop.client.v1.payment_intents.create_async(order), stripe.CardError)
    assert error.code == "authentication_required"


async def test_a_checkouts_intent_belongs_to_its_session(shop: SmallShop) -> None:
    session = await shop.starts()
    await shop.buyer_presses(session, "decline")
    intent = await shop.intent_of(session)
    for act in (shop.client.v1.payment_intents.cancel_async, shop.client.v1.payment_intents.confirm_async):
        assert "created by Checkout" in str(await refused(act(intent.id), stripe.InvalidRequestError))
