"""A tenant that changed its Stripe keys while payments were open: money may stand in either account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from purvey.kit.money import Money
from purvey.payments.gateway import (
    BadSignature,
    Checkout,
    CheckoutOrder,
    KeyRefused,
    Notice,
    References,
    RefundStanding,
    Standing,
    State,
)
from purvey.payments.stripe.gateway import StripeAccount


class SeveralAccounts:
    """The account in use first, then the ones before it. What the first does not know is asked of the next."""

    name = StripeAccount.name
    shortest_hold = StripeAccount.shortest_hold
    longest_hold = StripeAccount.longest_hold

    def __init__(self, accounts: Sequence[StripeAccount]) -> None:
        self.newest, *self.older = accounts

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        return await self.newest.open_checkout(order)

    async def owns_method(self, *, tenant_id: UUID, payer_id: UUID, method: str) -> bool:
        return await self.newest.owns_method(tenant_id=tenant_id, payer_id=payer_id, method=method)

    async def look_up(self, payment: References) -> Standing:
        _, standing = await self.find(payment)
        return standing

    async def expire(self, payment: References) -> Standing:
        account, standing = await self.find(payment)
        return standing if standing.state is State.UNKNOWN else await account.expire(payment)

    async def refund(self, payment: References, *, refund_id: UUID, amount: Money, reason: str) -> RefundStanding:
        account, _ = await self.find(payment)
        return await account.refund(payment, refund_id=refund_id, amount=amount, reason=reason)

    async def find(self, payment: References) -> tuple[StripeAccount, Standing]:
        """The account that knows the payment, and what it says. A key that was withdrawn since knows nothing."""
        standing = await self.newest.look_up(payment)
        for account in self.older if standing.state is State.UNKNOWN else ():
            try:
                before = await account.look_up(payment)
            except KeyRefused:
                continue
            if before.state is not State.UNKNOWN:
                return account, before
        return self.newest, standing

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        for account in self.older:
            try:
                return account.read_notice(headers, body, now=now)
            except BadSignature:
                continue
        return self.newest.read_notice(headers, body, now=now)
