"""A shop that sells by Stripe: each seller by their own keys, the platform's own tenant by the installation's."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import stripe

from purvey.settings import Settings
from purvey.world import World
from tests.stripe_fake import StripeFake
from tests.stripe_fake.small_shop import client_of
from tests.vocabulary.shop import Clock, Person, Shop

OWN_HOOK = "whsec_of_the_sellers_own_endpoint"
PLATFORM_HOOK = "whsec_of_the_platforms_endpoint"


class StripeShop(Shop):
    """`fake` is Stripe. Its clock is the shop's, and what it says arrives before a story goes on."""

    def __init__(self, world: World, *, base_url: str, clock: Clock, http: httpx.AsyncClient, fake: StripeFake) -> None:
        super().__init__(world, base_url=base_url, clock=clock, http=http)
        self.fake = fake

    async def seller(self, name: str = "ana", **site: Any) -> Person:
        """Somebody with a site, who has given their Stripe keys and told Stripe where the shop is."""
        person = await self.author(name, **site)
        given = await self.gives_keys(person)
        assert given.status_code == 200, given.text
        self.fake.webhook_url, self.fake.webhook_secret = given.json()["webhookUrl"], OWN_HOOK
        return person

    @property
    def at_stripe(self) -> stripe.StripeClient:
        """What a seller may do at Stripe itself, past the shop."""
        return client_of(self.fake)

    def keys_door(self, person: Person) -> str:
        assert person.site is not None
        return f"/v1/tenants/{person.site['tenantId']}/gateways/stripe"

    async def gives_keys(self, person: Person, *, key: str | None = None, of: Person | None = None) -> httpx.Response:
        """Gives the keys of a tenant, their own if none is named."""
        body = {"secretKey": key or self.fake.key, "webhookSecret": OWN_HOOK}
        return await person.put(self.keys_door(of or person), body)

    async def settles(self, *, seconds: float = 20) -> None:
        """Wait for Stripe's webhooks too."""
        await self.fake.delivered()
        await super().settles(seconds=seconds)

    def session_of(self, purchase: dict[str, Any]) -> str:
        """What Stripe calls the checkout of a purchase."""
        return str(purchase["checkoutUrl"]).rsplit("/", 1)[-1]

    def intent_of(self, purchase: dict[str, Any]) -> str:
        return str(self.fake.find(self.session_of(purchase))["payment_intent"])

    def sessions_of(self, purchase: dict[str, Any]) -> list[str]:
        """Every checkout that Stripe has of a purchase's payment."""
        sessions = self.fake.every("checkout.session")
        return [each["id"] for each in sessions if each["client_reference_id"] == purchase["paymentId"]]


@contextlib.asynccontextmanager
async def stripe_settings(home: Path, clock: Clock) -> AsyncIterator[tuple[Settings, StripeFake]]:
    """A Stripe, and the settings of an installation that has an account there."""
    async with StripeFake(webhook_secret=PLATFORM_HOOK, wall_clock=lambda: clock().timestamp()) as fake:
        settings = Settings(
            home=home,
            secret_key="k" * 20 + "test-secret-key",
            stripe_secret_key=fake.key,
            stripe_webhook_secret=PLATFORM_HOOK,
            stripe_api_base=fake.base_url,
        )
        yield settings, fake
