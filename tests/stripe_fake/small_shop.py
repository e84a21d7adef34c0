"""A shop of a few lines that sells through the fake, for the tests of the fake itself."""

import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import pytest
import stripe

from .fake import StripeFake
from .serving import serving

SECRET = "whsec_test"


class Inbox:
    """A webhook door: keeps only what the SDK verifies, and refuses as often as told."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.refusals_left = 0

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        signature = dict(scope["headers"])[b"stripe-signature"].decode()
        status = 500 if self.refusals_left else 200
        if self.refusals_left:
            self.refusals_left -= 1
        else:
            self.events.append(stripe.Webhook.construct_event(body, signature, SECRET))
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class SmallShop:
    """What the stories say: the shop starts a sale, the buyer presses, the shop hears."""

    fake: StripeFake
    client: stripe.StripeClient
    inbox: Inbox
    browser: httpx.AsyncClient

    async def starts(self, cents: int = 999, **more: Any) -> stripe.checkout.Session:
        params: Any = atlas(cents, **more)
        return await self.client.v1.checkout.sessions.create_async(params)

    async def rereads(self, session: stripe.checkout.Session) -> stripe.checkout.Session:
        """With its intent and charge."""
        return await self.client.v1.checkout.sessions.retrieve_async(
            session.id, {"expand": ["payment_intent.latest_charge"]}
        )

    async def intent_of(self, session: stripe.checkout.Session) -> stripe.PaymentIntent:
        intent = (await self.rereads(session)).payment_intent
        assert isinstance(intent, stripe.PaymentIntent)
        return intent

    async def buyer_sees(self, session: stripe.checkout.Session) -> str:
        return (await self.browser.get(f"/c/pay/{session.id}")).text

    async def buyer_presses(self, session: stripe.checkout.Session, outcome: str) -> httpx.Response:
        return await self.browser.post(f"/c/pay/{session.id}", data={"outcome": outcome})

    async def sells(self, cents: int = 999) -> stripe.PaymentIntent:
        """A whole purchase."""
        session = await self.starts(cents)
        await self.buyer_presses(session, "pay")
        return await self.intent_of(session)

    async def hears(self) -> list[str]:
        """The types of all webhooks believed so far, once none is on its way."""
        await self.fake.delivered()
        return self.inbox.types


def atlas(cents: int = 999, **more: Any) -> dict[str, Any]:
    """A session's parameters for one atlas."""
    price = {"currency": "usd", "unit_amount": cents, "product_data": {"name": "Atlas"}}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://shop.test/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/basket",
        **more,
    }


def client_of(fake: StripeFake, *, key: str | None = None, retries: int = 0) -> stripe.StripeClient:
    return stripe.StripeClient(
        key or fake.key,
        stripe_version=fake.version,
        base_addresses={"api": fake.base_url},
        max_network_retries=retries,
        http_client=_wire(),
    )


def plain(metadata: Any) -> dict[str, str]:
    """The SDK's metadata as a dict, which it is not."""
    kept: dict[str, str] = metadata.to_dict()
    return kept


async def refused(call: Awaitable[Any], kind: type[stripe.StripeError]) -> stripe.StripeError:
    with pytest.raises(kind) as caught:
        await call
    return caught.value


def said_of(error: stripe.StripeError) -> dict[str, Any]:
    """Stripe's error object."""
    body: Any = error.json_body
    said: dict[str, Any] = body["error"]
    return said


@contextlib.asynccontextmanager
async def selling() -> AsyncIterator[SmallShop]:
    inbox = Inbox()
    async with (
        serving(inbox) as url,
        StripeFake(webhook_url=f"{url}/hooks/stripe", webhook_secret=SECRET) as fake,
        httpx.AsyncClient(base_url=fake.base_url, verify=False) as browser,
    ):
        yield SmallShop(fake, client_of(fake), inbox, browser)


@cache
def _wire() -> stripe.HTTPXClient:
    # One for all: each new one reads the machine's certificates for a quarter of a second.
    return stripe.HTTPXClient()
