"""Whose Stripe account a sale goes to: the tenant's own, or the installation's for the platform's own tenant."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from purvey.kit.db import Database, Queries
from purvey.payments import gateway_keys
from purvey.payments.gateway import Credentials, Gateway
from purvey.payments.gateway_keys import KeysUnreadable, Sealed
from purvey.payments.stripe.gateway import StripeAccount
from purvey.payments.stripe.several import SeveralAccounts
from purvey.payments.stripe.units import takes
from purvey.payments.stripe.wire import Wire
from purvey.settings import Settings

log = structlog.get_logger("purvey.stripe")

NAME = StripeAccount.name
MOST_OPEN = 256


class StripeAccounts:
    """Every Stripe account of this installation, each opened at its first use."""

    def __init__(self, settings: Settings, *, db: Database, clock: Callable[[], datetime]) -> None:
        self.db, self.clock, self.secret_key = db, clock, settings.secret_key
        self.wire = Wire(settings.stripe_api_base)
        self.platform = platform_credentials(settings)
        self.open: OrderedDict[Credentials, StripeAccount] = OrderedDict()

    async def for_sale(self, db: Queries, tenant_id: UUID, currency: str) -> Gateway | None:
        """The account that new money goes to; None when the tenant has none, or Stripe takes no such money."""
        if not takes(currency):
            return None
        rows = await gateway_keys.of_tenant(db, tenant_id, NAME)
        now_given = [row for row in rows if row.in_use]
        if now_given:
            return await self.account(gateway_keys.opened(now_given[0], secret_key=self.secret_key))
        return await self.account(self.platform) if self.platform and rows and rows[0].is_platform else None

    async def named(self, db: Queries, tenant_id: UUID | None) -> Gateway | None:
        """The accounts in which the tenant's payments may be; None when it has none. No tenant: the platform's."""
        rows = await gateway_keys.of_tenant(db, tenant_id, NAME) if tenant_id else []
        wanted = self.readable(rows)
        if self.platform and (tenant_id is None or (rows and rows[0].is_platform)):
            wanted.append(self.platform)
        accounts = [await self.account(credentials) for credentials in dict.fromkeys(wanted)]
        return SeveralAccounts(accounts) if accounts else None

    def readable(self, rows: Sequence[Sealed]) -> list[Credentials]:
        """The keys that can be opened. Those in use must be; retired ones that cannot are passed over."""
        found = []
        for row in rows:
            if row.id is None:
                continue
            try:
                found.append(gateway_keys.opened(row, secret_key=self.secret_key))
            except KeysUnreadable:
                if row.in_use:
                    raise
        return found

    async def account(self, credentials: Credentials) -> StripeAccount:
        """The account that a key opens, kept for the next time."""
        found = self.open.get(credentials)
        if found is None:
            client = await self.wire.client(credentials.secret)
            found = self.open[credentials] = StripeAccount(
                self.db,
                client,
                credentials=credentials,
                clock=self.clock,
            )
            if len(self.open) > MOST_OPEN:
                self.open.popitem(last=False)
        self.open.move_to_end(credentials)
        return found

    async def check(self, credentials: Credentials) -> None:
        """Ask Stripe whether it accepts a key, before it is kept; KeyRefused, GatewayDown."""
        account = StripeAccount(
            self.db,
            await self.wire.client(credentials.secret),
            credentials=credentials,
            clock=self.clock,
        )
        await account.check_key()

    async def close(self) -> None:
        await self.wire.close()


def platform_credentials(settings: Settings) -> Credentials | None:
    if settings.stripe_secret_key and settings.stripe_webhook_secret:
        return Credentials(settings.stripe_secret_key, settings.stripe_webhook_secret)
    return None
