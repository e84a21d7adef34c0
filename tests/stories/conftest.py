"""The shop that sells by Stripe, for the stories told of it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.conftest import fresh_database, served
from tests.stripe_fake import StripeFake
from tests.stripe_fake.webhooks import RETRY_DELAYS
from tests.vocabulary.shop import Clock
from tests.vocabulary.stripe_shop import PLATFORM_HOOK, StripeShop, stripe_settings

from purvey.world import World

Running = tuple[World, str, Clock, StripeFake]


@pytest.fixture(scope="session")
async def selling_by_stripe(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[Running]:
    """One served shop and one Stripe for all these stories."""
    clock = Clock()
    dsn = await fresh_database(postgres, f"stripe_{worker_id}")
    async with (
        stripe_settings(tmp_path_factory.mktemp("home"), clock) as (settings, fake),
        served(settings, dsn=dsn, clock=clock) as (world, base_url),
    ):
        yield world, base_url, clock, fake


@pytest.fixture
async def stripe_shop(selling_by_stripe: Running) -> AsyncIterator[StripeShop]:
    """A story's shop; it fails when either side said anything that is not in Stripe's words."""
    world, base_url, clock, fake = selling_by_stripe
    clock.offset *= 0
    fake.webhook_mode, fake.webhook_secret = "normal", PLATFORM_HOOK
    fake.webhook_url = f"{base_url}/v1/webhooks/stripe"
    fake.retry_delays = RETRY_DELAYS
    fake.hold_refunds(False)
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as http:
        yield StripeShop(world, base_url=base_url, clock=clock, http=http, fake=fake)
    await fake.delivered()
    assert fake.violations == []
