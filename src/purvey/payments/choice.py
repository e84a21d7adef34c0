"""Which gateway a tenant sells by: its own keys first, the platform's for the platform, the test bank in the demo."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from purvey.kit.db import Database, Queries
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.secret import Secret
from purvey.payments.gateway import Credentials, Gateway, Gateways
from purvey.payments.play_money import PlayMoney, is_live
from purvey.payments.stripe import STRIPE, StripeAccounts
from purvey.payments.testbank import TestBank
from purvey.payments.tills import NOTHING, Facts, SiteTills, facts_of, why_not
from purvey.payments.x402 import Rail
from purvey.payments.x402.words import ByChain
from purvey.settings import Settings


class NoGateway(Conflict):
    """The seller can take no such money."""

    code = "no_gateway"


class Chosen:
    """The gateways that this installation has: Stripe by each tenant's own keys, and those it has for everybody.

    `closed`: what was begun by these is ended, and nothing is begun.
    """

    def __init__(
        self, installed: Mapping[str, Gateway], stripe: StripeAccounts, *, closed: Mapping[str, Gateway] | None = None
    ) -> None:
        self.installed, self.stripe, self.closed = dict(installed), stripe, dict(closed or {})

    async def for_sale(self, db: Queries, tenant_id: UUID, currency: str) -> Gateway:
        found = await self.stripe.for_sale(db, tenant_id, currency) or self.installed.get(TestBank.name)
        if found is None:
            raise NoGateway(why_not(currency, x402=ByChain.name in self.installed))
        return found

    async def tills(self, db: Queries, site_slug: str) -> SiteTills:
        """What takes money at a site; asked of the database only where it differs from site to site."""
        if TestBank.name in self.installed and ByChain.name not in self.installed:
            return self.tills_by(NOTHING)
        return self.tills_by(await facts_of(db, site_slug))

    def usdc_tills(self, *, has_wallet: bool) -> SiteTills:
        """The same for what is sold in USDC alone, which Stripe does not take."""
        return self.tills_by(Facts(is_platform=False, has_wallet=has_wallet, has_keys=False))

    def tills_by(self, facts: Facts) -> SiteTills:
        return SiteTills(
            test_bank=TestBank.name in self.installed,
            stripe=facts.has_keys or (facts.is_platform and self.stripe.platform is not None),
            takes_usdc=facts.has_wallet and ByChain.name in self.installed,
        )

    async def named(self, db: Queries, tenant_id: UUID | None, name: str) -> Gateway:
        found = await self.stripe.named(db, tenant_id) if name == STRIPE else (self.installed | self.closed).get(name)
        if found is None:
            raise NotFound(f"This shop has no gateway named {name!r}")
        return found

    async def check_keys(self, name: str, credentials: Credentials) -> None:
        assert name == STRIPE, name
        if TestBank.name in self.installed and is_live(credentials.secret):
            raise PlayMoney(
                "The test bank is on here, and play money never stands beside real money: give a test key "
                "(sk_test_…), or have PURVEY_TEST_BANK turned off first"
            )
        await self.stripe.check(credentials)

    async def close(self) -> None:
        await self.stripe.close()
        if isinstance(bank := (self.installed | self.closed).get(TestBank.name), TestBank):
            await bank.close()


def open_gateways(
    settings: Settings, *, db: Database, clock: Callable[[], datetime], rail: Rail | None = None
) -> Gateways:
    """The gateways that the settings turn on."""
    secret = Secret(settings.secret_key.sign(b"test bank").hex())
    bank = TestBank(db, base_url=settings.base_url, secret=secret, clock=clock, is_open=settings.test_bank)
    installed: dict[str, Gateway] = {bank.name: bank} if bank.is_open else {}
    if rail is not None:
        installed[ByChain.name] = ByChain(rail, db=db, clock=clock)
    closed = {} if bank.is_open else {bank.name: bank}
    return Chosen(installed, StripeAccounts(settings, db=db, clock=clock), closed=closed)
