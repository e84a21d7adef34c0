"""The fake Stripe: keys that repeat, a wire that breaks, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from tests.stripe_fake import StripeFake
from tests.stripe_fake.small_shop import SmallShop, atlas, client_of, refused, said_of, selling


@pytest.fixture
async def shop() -> AsyncIterator[SmallShop]:
    async with selling() as shop:
        yield shop


async def test_a_key_gives_the_first_answer_again(shop: SmallShop) -> None:
    create: Any = shop.client.v1.checkout.sessions.create_async
    once = await create(atlas(), {"idempotency_key": "k1"})
    twice = await create(atlas(), {"idempotency_key": "k1"})
    assert once.id == twice.id
    assert twice.last_response.headers["Idempotent-Replayed"] == "true"

    error = await refused(create(atlas(1000), {"idempotency_key": "k1"}), stripe.IdempotencyError)
    assert "same parameters" in str(error)
    shop.fake.advance(25 * 3600)
    assert (await create(atlas(1000), {"idempotency_key": "k1"})).id != once.id
    assert [each.idempotency_key for each in shop.fake.requests] == ["k1"] * 4
    assert {each.stripe_version for each in shop.fake.requests} == {shop.fake.version}


async def test_a_refusal_is_given_again_but_not_a_misspelling(shop: SmallShop) -> None:
    intent = await shop.sells()
    create: Any = shop.client.v1.refunds.create_async
    key = {"idempotency_key": "r1"}
    wrong = {"payment_intent": intent.id, "amount": 1000}
    await refused(create(wrong, key), stripe.InvalidRequestError)
    again = await refused(create(wrong, key), stripe.InvalidRequestError)
    assert again.headers is not None
    assert again.headers["Idempotent-Replayed"] == "true"
    await refused(create({**wrong, "sum": 1}, {"idempotency_key": "r2"}), stripe.InvalidRequestError)
    await create({"payment_intent": intent.id}, {"idempotency_key": "r2"})


async def test_a_key_in_flight_is_a_conflict(shop: SmallShop) -> None:
    create: Any = shop.client.v1.checkout.sessions.create_async
    shop.fake.fail_next("/v1/checkout", "timeout")
    held = asyncio.create_task(create(atlas(), {"idempotency_key": "k1"}))
    while not shop.fake.requests:
        await asyncio.sleep(0)
    error = await refused(create(atlas(), {"idempotency_key": "k1"}), stripe.StripeError)
    assert (error.http_status, said_of(error)["code"]) == (409, "idempotency_key_in_use")
    held.cancel()


async def test_a_lost_answer_is_found_again_by_its_key(shop: SmallShop) -> None:
    intent = await shop.sells()
    create: Any = shop.client.v1.refunds.create_async
    params = {"payment_intent": intent.id, "amount": 400}
    shop.fake.fail_next("POST /v1/refunds", "drop_after_effect")
    await refused(create(params, {"idempotency_key": "r1"}), stripe.APIConnectionError)
    done = await shop.client.v1.refunds.list_async({"payment_intent": intent.id})
    assert len(done.data) == 1
    again = await create(params, {"idempotency_key": "r1"})
    assert again.id == done.data[0].id


async def test_the_sdk_itself_survives_a_cut_wire(shop: SmallShop) -> None:
    shop.fake.fail_next("/v1/checkout/sessions", "drop_after_effect")
    shop.fake.fail_next("/v1/checkout/sessions", "drop")
    params: Any = atlas()
    session = await client_of(shop.fake, retries=2).v1.checkout.sessions.create_async(params)
    assert session.status == "open"
    assert [each.status for each in shop.fake.requests] == [None, None, 200]
    assert len({each.idempotency_key for each in shop.fake.requests}) == 1


@pytest.mark.parametrize(("status", "kind"), [(500, stripe.APIError), (429, stripe.RateLimitError)])
async def test_trouble_before_anything_began_leaves_nothing(
    shop: SmallShop, status: int, kind: type[stripe.StripeError]
) -> None:
    shop.fake.fail_next("/v1/customers", status)
    create: Any = shop.client.v1.customers.create_async
    await refused(create({"email": "a@example.com"}, {"idempotency_key": "c"}), kind)
    assert (await shop.client.v1.customers.list_async()).data == []
    await create({"email": "a@example.com"}, {"idempotency_key": "c"})


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        (atlas(colour="red"), "parameter_unknown", "colour"),
        (atlas(49), "amount_too_small", None),
        (atlas(-1), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        (atlas(100_000_000), "amount_too_large", "line_items[0][price_data][unit_amount]"),
        (atlas(success_url="thanks"), "url_invalid", "success_url"),
        (atlas(success_url=""), "parameter_invalid_empty", "success_url"),
        (atlas(line_items=[{"price": "price_none", "quantity": 1}]), "resource_missing", None),
        (atlas(line_items=[{"price": "p", "amount": 1}]), "parameter_unknown", "line_items[0][amount]"),
        (atlas(customer="cus_none"), "resource_missing", "customer"),
        (atlas(mode="gift"), None, "mode"),
        (atlas(metadata={"k": "v" * 501}), None, "metadata"),
        ({"mode": "payment"}, "parameter_missing", "success_url"),
    ],
)
async def test_a_wrong_session_is_refused_by_name(
    shop: SmallShop, params: Any, code: str | None, param: str | None
) -> None:
    error = await refused(shop.client.v1.checkout.sessions.create_async(params), stripe.InvalidRequestError)
    assert (error.http_status, error.code) == (400, code)
    assert param is None or said_of(error)["param"] == param


async def test_a_stranger_gets_nothing(shop: SmallShop) -> None:
    retrieve: Any = shop.client.v1.checkout.sessions.retrieve_async
    missing = await refused(retrieve("cs_test_none"), stripe.InvalidRequestError)
    assert (missing.http_status, missing.code) == (404, "resource_missing")
    stranger = client_of(shop.fake, key="sk_test_somebody_else")
    error = await refused(stranger.v1.customers.list_async(), stripe.AuthenticationError)
    assert error.http_status == 401
    assert (await shop.browser.get("/v1/customers")).status_code == 401
    assert (await shop.buyer_presses(await shop.starts(), "steal")).status_code == 400


async def test_only_what_can_be_expanded_is_expanded(shop: SmallShop) -> None:
    session = await shop.starts()
    retrieve: Any = shop.client.v1.checkout.sessions.retrieve_async
    opened = await retrieve(session.id, {"expand": ["line_items.data.price.product"]})
    assert opened.line_items.data[0].price.product.name == "Atlas"
    error = await refused(retrieve(session.id, {"expand": ["payment_intend"]}), stripe.InvalidRequestError)
    assert "cannot be expanded (payment_intend)" in str(error)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (atlas(discounts=[{"coupon": "SALE"}]), r"does not model discounts\.coupon"),
        (atlas(mode="subscription"), "does not model mode=subscription"),
    ],
)
async def test_what_is_not_modelled_is_said_loudly(params: Any, said: str) -> None:
    async def asks_too_much() -> None:
        async with StripeFake() as fake:
            call = client_of(fake).v1.checkout.sessions.create_async(params)
            assert (await refused(call, stripe.APIError)).http_status == 501

    with pytest.raises(AssertionError, match=said):
        await asks_too_much()


async def test_an_answer_outside_the_schema_is_a_violation() -> None:
    async def tells_a_lie() -> None:
        async with StripeFake() as fake:
            customers = client_of(fake).v1.customers
            customer = await customers.create_async({"email": "a@example.com"})
            fake.corrupt(customer.id, livemode="perhaps")
            error = await refused(customers.retrieve_async(customer.id), stripe.APIError)
            assert error.http_status == 500

    with pytest.raises(AssertionError, match="perhaps"):
        await tells_a_lie()
