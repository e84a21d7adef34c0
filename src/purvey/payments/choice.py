"""Which gateway a tenant sells by: its own keys first, the platform's for the platform, the test bank in the demo."""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from purvey.kit.db import Database, Queries
from purvey.kit.errors import Conflict, NotFound
from purvey.payments.gateway import Gateway, Gateways
from purvey.payments.testbank import TestBank
from purvey.settings import Settings

LIVE_PREFIXES = ("sk_live_", "rk_live_")


class NoGateway(Conflict):
    """The seller can take no such money."""

    code = "no_gateway"


class Chosen:
    """The gateways that this installation has."""

    def __init__(self, installed: Mapping[str, Gateway]) -> None:
        self.installed = dict(installed)

    async def for_sale(self, db: Queries, tenant_id: UUID, currency: str) -> Gateway:
        for name in ("stripe", "testbank"):
            if name in self.installed:
                return self.installed[name]
        raise NoGateway("This shop has no way to take money yet: its owner has to add gateway keys")

    async def named(self, db: Queries, tenant_id: UUID | None, name: str) -> Gateway:
        try:
            return self.installed[name]
        except KeyError:
            raise NotFound(f"There is no gateway named {name!r}") from None


def open_gateways(settings: Settings, *, db: Database, clock: Callable[[], datetime]) -> Gateways:
    """The gateways that the settings turn on."""
    installed: dict[str, Gateway] = {}
    if settings.test_bank:
        secret = sha256(f"test bank\n{settings.secret_key}".encode()).digest()
        installed[TestBank.name] = TestBank(db, base_url=settings.base_url, secret=secret, clock=clock)
    return Chosen(installed)


def live_keys_beside_test_bank(settings: Settings) -> bool:
    """Whether real money and play money would stand side by side, which `serve` refuses (ruling 41)."""
    return settings.test_bank and (settings.stripe_secret_key or "").startswith(LIVE_PREFIXES)
