"""The few words every gateway speaks. A webhook is only a hint: what counts is `look_up`, read afresh."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from purvey.catalog import Tills
from purvey.kit.db import Queries
from purvey.kit.errors import Conflict, Malformed, Unavailable
from purvey.kit.money import Money
from purvey.kit.secret import Secret

RETRY_AFTER_SECONDS = 5
FINGERPRINT_LETTERS = 24


class BadSignature(Malformed):
    """A notice that the gateway did not send, or sent too long ago."""

    code = "bad_signature"


class GatewayDown(Unavailable):
    """The gateway did not answer, or not in a way that tells what became of the money. Asking again is safe."""

    code = "gateway_unavailable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after_seconds=RETRY_AFTER_SECONDS)


class GatewayRefused(Conflict):
    """The gateway will not collect this, and has made nothing: no checkout is open, no money can come."""

    code = "gateway_refused"


class AwaitsSeller(Conflict):
    """Only the seller can send this money back, by their own hand, and they have not said yet that they did."""

    code = "awaits_seller"


class ForeignPaymentMethod(Malformed):
    """A saved way to pay that is not the payer's own, or that nobody has: the answer does not say which."""

    code = "foreign_payment_method"


class State(StrEnum):
    """Where a checkout stands at its gateway."""

    OPEN = "open"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"  # the last try failed; the buyer may try again
    PAID = "paid"
    FAILED = "failed"  # and cannot be tried again
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # the gateway has no such checkout


class CheckoutOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway is asked to collect. `payment_id` is its idempotency key."""

    payment_id: UUID
    tenant_id: UUID
    payer_id: UUID
    amount: Money
    description: str
    email: str | None
    success_url: str
    cancel_url: str
    expires_at: datetime
    account: str | None = None

    @property
    def references(self) -> "References":
        """How its gateway knows it while nothing was noted."""
        return References(
            payment_id=self.payment_id,
            tenant_id=self.tenant_id,
            checkout_reference=None,
            reference=None,
            account=self.account,
        )


class Checkout(msgspec.Struct, frozen=True):
    """Where the buyer pays, and what the gateway calls it."""

    url: str
    reference: str
    expires_at: datetime


class References(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway knows a payment: by our id, its checkout, its own payment; and in which account it was begun."""

    payment_id: UUID
    tenant_id: UUID
    checkout_reference: str | None
    reference: str | None
    account: str | None = None


class RefundStanding(msgspec.Struct, frozen=True):
    """A refund as the gateway has it; `refund_id` is ours, when we asked. `state`: pending, succeeded, failed."""

    reference: str
    refund_id: UUID | None
    amount: Money
    state: str
    failure: str | None = None


class DisputeStanding(msgspec.Struct, frozen=True):
    """A dispute as the gateway has it. `state`: open, won, lost."""

    reference: str
    amount: Money
    state: str
    reason: str | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway says of a payment now."""

    state: State
    checkout_reference: str | None = None
    reference: str | None = None
    paid: Money | None = None
    failure: str | None = None
    refunds: tuple[RefundStanding, ...] = ()
    disputes: tuple[DisputeStanding, ...] = ()


class Notice(msgspec.Struct, frozen=True):
    """A verified webhook: its id at the gateway, its kind, and which payment it is about, by any name."""

    id: str
    kind: str
    payment_id: UUID | None
    checkout_reference: str | None
    reference: str | None


class Credentials(msgspec.Struct, frozen=True):
    """One account at a gateway: the key to act with, and the secret its webhooks are signed with."""

    secret: Secret
    webhook_secret: Secret

    @property
    def ending(self) -> str:
        """What may be shown and logged."""
        return self.secret.reveal()[-4:]

    @property
    def account(self) -> str:
        """The key's fingerprint: what a payment remembers of the account that it was begun in."""
        return sha256(f"purvey gateway account\n{self.secret.reveal()}".encode()).hexdigest()[:FINGERPRINT_LETTERS]

    def __repr__(self) -> str:
        return f"Credentials(…{self.ending})"


class KeyRefused(GatewayDown):
    """The gateway does not accept the shop's key, so nobody knows what became of the money."""

    code = "gateway_key_refused"


class AccountGone(GatewayDown):
    """The payment is in an account of the seller's whose key is not held any more."""

    code = "gateway_account_gone"


class Gateway(Protocol):
    """A provider of money. Every call may be repeated without harm."""

    name: str

    @property
    def account(self) -> str | None:
        """Which of the seller's accounts new money goes to, where sellers have accounts."""
        ...

    shortest_hold: timedelta
    longest_hold: timedelta

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """Ask for the money; the same order gives the same checkout. GatewayRefused, GatewayDown."""
        ...

    async def owns_method(self, *, tenant_id: UUID, payer_id: UUID, method: str) -> bool:
        """Whether a saved way to pay, by the gateway's name for it, is this payer's own."""
        ...

    async def look_up(self, payment: References) -> Standing:
        """What became of it; GatewayDown when nobody knows."""
        ...

    async def expire(self, payment: References) -> Standing:
        """Close a checkout that is still open, and say how it stands then."""
        ...

    async def refund(self, payment: References, *, refund_id: UUID, amount: Money, reason: str) -> RefundStanding:
        """Send money back; the same `refund_id` sends it once. AwaitsSeller, GatewayDown."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Verify a webhook and read it; BadSignature."""
        ...


@runtime_checkable
class Gateways(Protocol):
    """Which gateway a tenant sells by."""

    async def check_keys(self, name: str, credentials: Credentials) -> None:
        """Ask a gateway whether it accepts these keys; KeyRefused, GatewayDown."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...

    async def tills(self, db: Queries, site_slug: str) -> Tills:
        """What takes money at a site."""
        ...

    def usdc_tills(self, *, has_wallet: bool) -> Tills:
        """What takes USDC, of a site that says where it goes or does not."""
        ...

    async def for_sale(self, db: Queries, tenant_id: UUID, currency: str) -> Gateway:
        """The gateway of a new sale; Conflict `no_gateway` when the tenant can take no such money."""
        ...

    async def named(self, db: Queries, tenant_id: UUID | None, name: str) -> Gateway:
        """A gateway by name, with the tenant's own keys or the platform's; NotFound."""
        ...
