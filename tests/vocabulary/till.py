"""One Stripe account, ours at one end of the wire and the fake at the other, with no shop around it."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.kit.secret import Secret
from purvey.payments import Checkout, CheckoutOrder, References, Standing
from purvey.payments.gateway import Credentials
from purvey.payments.stripe.gateway import StripeAccount
from purvey.payments.stripe.wire import Wire, open_http
from tests.stripe_fake import StripeFake
from tests.vocabulary.shop import Person, Shop

ATLAS = Money(1200, "EUR")
PATIENCE_SECONDS = 1.0


@cache
def shared_http() -> Any:
    """One for all tests: each new one reads the machine's certificates."""
    return open_http(PATIENCE_SECONDS)


class Till:
    """An account, a seller and a buyer. `order` is the sale they are about."""

    def __init__(self, shop: Shop, fake: StripeFake, account: StripeAccount, *, ana: Person, bob: Person) -> None:
        self.shop, self.fake, self.account, self.ana, self.bob = shop, fake, account, ana, bob
        assert ana.site is not None
        self.tenant_id = UUID(ana.site["tenantId"])
        self.order = self.order_of(ATLAS)

    def order_of(
        self, amount: Money, *, payer: Person | None = None, minutes: float = 40, account: str | None = None
    ) -> CheckoutOrder:
        person = payer or self.bob
        return CheckoutOrder(
            payment_id=new_id(),
            tenant_id=self.tenant_id,
            payer_id=person.id,
            amount=amount,
            description="Field Atlas",
            email=person.email,
            success_url="http://shop.test/thanks",
            cancel_url="http://shop.test/left",
            expires_at=self.shop.now + timedelta(minutes=minutes),
            account=account,
        )

    async def writes_down(self, order: CheckoutOrder) -> None:
        """The payment's row, as the sale writes it before it asks any gateway."""
        await self.shop.db.do(
            "insert into payments (id, tenant_id, subject_type, subject_id, payer_id, provider, amount, currency,"
            " status, expires_at, ask_at, created_at, updated_at, account)"
            " values ($1, $2, 'test', $1, $3, 'stripe', $4, $5, 'PENDING', $6, 'infinity', $7, $7, $8)",
            order.payment_id, order.tenant_id, order.payer_id, order.amount.minor, order.amount.currency,
            order.expires_at, self.shop.now, order.account,
        )  # fmt: skip

    async def opens(self, order: CheckoutOrder | None = None) -> Checkout:
        return await self.account.open_checkout(order or self.order)

    def known_as(
        self, checkout: Checkout | None, *, reference: str | None = None, account: str | None = None
    ) -> References:
        """What we have noted of the payment."""
        return References(
            payment_id=self.order.payment_id,
            tenant_id=self.tenant_id,
            checkout_reference=checkout.reference if checkout else None,
            reference=reference,
            account=account,
        )

    async def looks(self, checkout: Checkout) -> Standing:
        return await self.account.look_up(self.known_as(checkout))

    async def sells(self) -> tuple[Checkout, Standing]:
        """A whole sale: asked for, paid, read."""
        checkout = await self.opens()
        self.fake.choose(checkout.reference, "pay")
        return checkout, await self.looks(checkout)

    @property
    def sessions(self) -> list[str]:
        """Every session there is at Stripe."""
        return [session["id"] for session in self.fake.every("checkout.session")]

    def count(self, kind: str) -> int:
        return len(self.fake.every(kind))


async def account_of(shop: Shop, wire: Wire, key: str, *, webhook_secret: str = "whsec_test") -> StripeAccount:
    client = await wire.client(Secret(key))
    return StripeAccount(
        shop.db, client, credentials=Credentials(Secret(key), Secret(webhook_secret)), clock=shop.clock
    )


@contextlib.asynccontextmanager
async def till_of(shop: Shop, *, retries: int = 1) -> AsyncIterator[Till]:
    """A till whose fake's clock is the shop's."""
    ana, bob = await shop.author("ana"), await shop.person("bob")
    async with StripeFake(wall_clock=lambda: shop.clock().timestamp()) as fake:
        wire = Wire(fake.base_url, timeout_seconds=PATIENCE_SECONDS, retries=retries)
        wire.http = shared_http()
        account = await account_of(shop, wire, fake.key)
        yield Till(shop, fake, account, ana=ana, bob=bob)
