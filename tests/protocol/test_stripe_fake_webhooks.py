"""The fake Stripe: webhooks, verified by the SDK, come well or badly as a test asks."""

from collections.abc import AsyncIterator

import pytest
import stripe

from tests.stripe_fake.small_shop import SmallShop, selling

PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


@pytest.fixture
async def shop() -> AsyncIterator[SmallShop]:
    async with selling() as shop:
        yield shop


async def test_webhooks_come_twice_when_told(shop: SmallShop) -> None:
    shop.fake.webhook_mode = "duplicate"
    await shop.sells()
    assert await shop.hears() == [happening for happening in PAID for _ in range(2)]
    assert len({event.id for event in shop.inbox.events}) == len(PAID)


async def test_webhooks_come_in_the_wrong_order_when_told(shop: SmallShop) -> None:
    shop.fake.webhook_mode = "out_of_order"
    await shop.sells()
    assert await shop.hears() == PAID[::-1]


async def test_webhooks_come_late_when_told(shop: SmallShop) -> None:
    shop.fake.webhook_mode = "late"
    await shop.sells()
    assert await shop.hears() == []
    shop.fake.advance(60)
    assert await shop.hears() == PAID


async def test_webhooks_never_come_until_released(shop: SmallShop) -> None:
    shop.fake.webhook_mode = "never"
    await shop.sells()
    shop.fake.advance(3600)
    assert await shop.hears() == []
    await shop.fake.release()
    assert await shop.hears() == PAID


async def test_a_refused_webhook_is_tried_again(shop: SmallShop) -> None:
    shop.inbox.refusals_left = 1
    await shop.client.v1.customers.create_async({"email": "ana@example.com"})
    assert await shop.hears() == ["customer.created"]
    assert [(each.attempt, each.status) for each in shop.fake.deliveries] == [(1, 500), (2, 200)]


async def test_a_webhook_refused_too_often_waits_for_release(shop: SmallShop) -> None:
    shop.fake.retry_delays = (0.0, 0.0)
    shop.inbox.refusals_left = 3
    await shop.client.v1.customers.create_async({"email": "ana@example.com"})
    assert await shop.hears() == []
    assert [each.attempt for each in shop.fake.deliveries] == [1, 2, 3]
    await shop.fake.release()
    assert await shop.hears() == ["customer.created"]
    await shop.fake.resend(shop.inbox.events[0].id)
    assert len({event.id for event in shop.inbox.events}) == 1
    assert await shop.hears() == ["customer.created"] * 2


async def test_a_changed_webhook_is_not_believed(shop: SmallShop) -> None:
    shop.fake.webhook_secret = "whsec_other"
    shop.fake.retry_delays = ()
    await shop.client.v1.customers.create_async({"email": "ana@example.com"})
    assert await shop.hears() == []
    assert [each.accepted for each in shop.fake.deliveries] == [False]


async def test_events_can_be_read_instead(shop: SmallShop) -> None:
    await shop.sells()
    events = shop.client.v1.events
    listed = await events.list_async({"type": "checkout.session.*"})
    assert [event.type for event in listed.data] == ["checkout.session.completed"]
    event = await events.retrieve_async(listed.data[0].id)
    assert isinstance(event.data.object, stripe.checkout.Session)
    assert event.data.object.payment_status == "paid"
    first = await events.list_async({"limit": 3})
    rest = await events.list_async({"starting_after": first.data[-1].id})
    assert (len(first.data), first.has_more, len(rest.data), rest.has_more) == (3, True, 1, False)
