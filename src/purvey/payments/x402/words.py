"""The rail as a gateway, so that the sweeps of purchases finish what a killed process left, and refunds are seen."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from purvey.kit.db import Database
from purvey.kit.errors import Unavailable
from purvey.kit.money import Money
from purvey.payments.gateway import (
    AwaitsSeller,
    BadSignature,
    Checkout,
    CheckoutOrder,
    GatewayDown,
    GatewayRefused,
    Notice,
    References,
    RefundStanding,
    Standing,
    State,
)
from purvey.payments.x402 import refunds, store
from purvey.payments.x402.model import CURRENCY, Settlement
from purvey.payments.x402.rail import Rail

NAME: Final = "x402"


class ByChain:
    """Speaks `payments.gateway.Gateway`. Nothing can be opened here: a payer comes with the money."""

    name = NAME
    account: str | None = None  # the payee is in each quote
    shortest_hold = timedelta(minutes=1)
    longest_hold = timedelta(days=1)

    def __init__(self, rail: Rail, *, db: Database, clock: Callable[[], datetime]) -> None:
        self.rail, self.db, self.clock = rail, db, clock

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """Where the authorization was shown; GatewayRefused when there is none: nothing can come of it."""
        settlement = await store.of_payment(self.db, order.payment_id)
        if settlement is None:
            raise GatewayRefused("Nobody has signed for this: ask for it again, and pay what the 402 answer says")
        quote = await store.quote(self.db, settlement.quote_id)
        return Checkout(quote.resource, str(settlement.id), order.expires_at)

    async def owns_method(self, *, tenant_id: UUID, payer_id: UUID, method: str) -> bool:
        return False

    async def look_up(self, payment: References) -> Standing:
        """What became of it; one step further with what is not decided."""
        settlement = await store.of_payment(self.db, payment.payment_id)
        if settlement is None:
            return Standing(state=State.UNKNOWN)
        try:
            settlement = await self.rail.go_on(self.db, settlement, now=self.clock())
            return await self.standing(settlement)
        except Unavailable as away:
            raise GatewayDown(away.detail) from away

    async def expire(self, payment: References) -> Standing:
        """An authorization cannot be called back: it is open until it was used or its time is over."""
        return await self.look_up(payment)

    async def standing(self, settlement: Settlement) -> Standing:
        if settlement.failed:
            return Standing(state=State.FAILED, failure=settlement.reason)
        if settlement.unknown:
            return Standing(state=State.PROCESSING, checkout_reference=str(settlement.id))
        return Standing(
            state=State.PAID,
            checkout_reference=str(settlement.id),
            reference=settlement.reference,
            paid=Money(settlement.amount, CURRENCY),
            refunds=tuple(await refunds.standings(self.db, self.rail, settlement, now=self.clock())),
        )

    async def refund(self, payment: References, *, refund_id: UUID, amount: Money, reason: str) -> RefundStanding:
        """The transaction that the seller named for it; AwaitsSeller until they have (ruling 22)."""
        named = await refunds.of_refund(self.db, refund_id)
        if named is None:
            raise AwaitsSeller(
                "Only the payee can send USDC back: send it from the payout wallet to the payer, then name the "
                "transaction of this refund"
            )
        return RefundStanding(named.tx_hash, refund_id, amount, "pending")

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        raise BadSignature("Chains send no notices")
