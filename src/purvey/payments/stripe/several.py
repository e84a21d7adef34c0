"""A seller's Stripe accounts: the one that they sell by now, and those before it that payments are open in.

A payment stays in the account that it was begun in, whatever keys are given meanwhile.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from purvey.kit.money import Money
from purvey.payments.gateway import (
    AccountGone,
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

GONE = (
    "This payment was begun in a Stripe account whose key this shop no longer has, or Stripe no longer accepts: "
    "its owner has to give a key of that account again, or to settle it at Stripe"
)


class SeveralAccounts:
    """The account in use first, then the ones before it.

    What is not in reach where it was begun is asked of the others: theirs may be another key of the same account.
    """

    name = StripeAccount.name
    shortest_hold = StripeAccount.shortest_hold
    longest_hold = StripeAccount.longest_hold

    def __init__(self, accounts: Sequence[StripeAccount]) -> None:
        self.newest, *self.older = accounts
        self.account = self.newest.account

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """In the account that it was begun in, so that it is one checkout; AccountGone where nobody knows of any."""
        begun_in = self.held(order.account) if order.account else self.newest
        if begun_in is not None:
            try:
                return await begun_in.open_checkout(order)
            except KeyRefused:
                if begun_in is self.newest:
                    raise
        known_to, standing = await self.find(order.references)
        if standing.state is State.UNKNOWN:
            raise AccountGone(f"{GONE}. Cancel the purchase and begin again")
        return await known_to.open_checkout(order)

    async def owns_method(self, *, tenant_id: UUID, payer_id: UUID, method: str) -> bool:
        return await self.newest.owns_method(tenant_id=tenant_id, payer_id=payer_id, method=method)

    async def look_up(self, payment: References) -> Standing:
        _, standing = await self.find(payment)
        return standing

    async def expire(self, payment: References) -> Standing:
        account, standing = await self.find(payment)
        return standing if standing.state is State.UNKNOWN else await account.expire(payment)

    async def refund(self, payment: References, *, refund_id: UUID, amount: Money, reason: str) -> RefundStanding:
        try:
            account, _ = await self.find(payment)
        except AccountGone as gone:
            return RefundStanding(str(refund_id), refund_id, amount, "failed", gone.detail)
        return await account.refund(payment, refund_id=refund_id, amount=amount, reason=reason)

    async def find(self, payment: References) -> tuple[StripeAccount, Standing]:
        """The account that a payment is in, and what it says.

        Unknown, when it is not there and none was noted. KeyRefused while the key in use is not accepted; AccountGone
        when its checkout was noted, and the account that it was begun in is out of reach for good.
        """
        begun_in, refused = self.held(payment.account), None
        for account in dict.fromkeys([begun_in or self.newest, self.newest, *self.older]):
            try:
                standing = await account.look_up(payment)
            except KeyRefused as error:
                refused = error if account is self.newest else refused
                continue
            if standing.state is not State.UNKNOWN or account is begun_in:
                return account, standing
        if refused is not None:
            raise refused
        if payment.account is not None and (payment.checkout_reference or payment.reference):
            raise AccountGone(GONE)
        return self.newest, Standing(state=State.UNKNOWN)

    def held(self, account: str | None) -> StripeAccount | None:
        """The account of this fingerprint, when its key is held."""
        return next((each for each in [self.newest, *self.older] if each.account == account), None)

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        for account in self.older:
            try:
                return account.read_notice(headers, body, now=now)
            except BadSignature:
                continue
        return self.newest.read_notice(headers, body, now=now)
