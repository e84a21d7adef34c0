"""What is asked for by x402, what a payer shows, and how it stands with one authorization."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from purvey.kit.errors import Conflict, Malformed
from purvey.kit.life import Life

SCHEME: Final = "exact"
CURRENCY: Final = "USDC"
QUOTE_KEPT: Final = timedelta(minutes=15)
TIMEOUT_SECONDS: Final = 300  # how long an authorization is good for that is signed as we ask
LEAST_REMAINING_SECONDS: Final = 15  # less than that is not begun
MOST_REMAINING_SECONDS: Final = 1800  # more than that would hold goods too long


class MalformedPayment(Malformed):
    """A payment header that cannot be read. It is not the same as none: an agent would sign again."""

    code = "malformed_payment"


class PaymentRefused(Conflict):
    """A payment that cannot be taken; nothing was. `reason` is x402's own word for it."""

    code = "payment_refused"


class AlreadyEntered(Conflict):
    """This authorization is in the ledger: `Rail.find` says for what, and how it stands."""

    code = "already_entered"


class Token(msgspec.Struct, frozen=True):
    """A USDC on one network: its address, and the EIP-712 domain it verifies signatures in."""

    network: str
    address: str
    name: str
    version: str

    @property
    def chain_id(self) -> int:
        return int(self.network.removeprefix("eip155:"))


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be paid, by our own reckoning.

    `request_key` is the SHA-256 of what was asked, whatever the door: product, price, code, chosen amount, wallet.
    `amount` is in millionths of a USDC. `details` are the terms that the sale needs again.
    """

    purpose: str
    request_key: bytes
    pay_to: str
    amount: int
    sku: str
    resource: str
    description: str
    details: dict[str, Any] = {}


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """An ask on one network, good until `expires_at` whatever happens to the price."""

    id: UUID
    purpose: str
    request_key: bytes
    network: str
    asset: str
    asset_name: str
    asset_version: str
    pay_to: str
    amount: int
    sku: str
    resource: str
    description: str
    details: dict[str, Any]
    expires_at: datetime


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as its payer shows it: read, and not believed. Addresses and nonce are in lower case.

    `asset` is what a payer of version 2 says they accepted; version 1 does not say. `value` is in millionths of a
    USDC, the times are seconds. `payment_identifier` is the payer's own idempotency key, if they sent one.
    """

    version: int
    scheme: str
    network: str
    asset: str | None
    payer: str
    to: str
    value: int
    valid_after: int
    valid_before: int
    nonce: str
    signature: str
    payload: dict[str, Any]
    payment_identifier: str | None


class State(StrEnum):
    """How it stands with an authorization. ENTERED or SENT: nobody knows yet whether the money moves."""

    ENTERED = "ENTERED"
    SENT = "SENT"
    SETTLED = "SETTLED"
    FAILED = "FAILED"


class Happening(StrEnum):
    HANDED_IN = "handed in"
    SEEN_ON_CHAIN = "seen on the chain"
    UNUSABLE = "can be used no more"


S, H = State, Happening

# fmt: off
LIFE = Life[State, Happening](
    "settlement",
    (S.ENTERED, H.HANDED_IN,     S.SENT),
    (S.ENTERED, H.SEEN_ON_CHAIN, S.SETTLED),  # somebody else handed it in
    (S.ENTERED, H.UNUSABLE,      S.FAILED),
    (S.SENT,    H.HANDED_IN,     S.SENT),     # again
    (S.SENT,    H.SEEN_ON_CHAIN, S.SETTLED),
    (S.SENT,    H.UNUSABLE,      S.FAILED),
    (S.FAILED,  H.SEEN_ON_CHAIN, S.SETTLED),  # it was refused, and its payer handed it in all the same
)
# fmt: on


class Authorized(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain is asked about: one payer's nonce, and the transfer that it may be used for once.

    Addresses and nonce are in lower case; `since` is when we first heard of it, `valid_before` the chain's seconds.
    """

    network: str
    asset: str
    payer: str
    nonce: str
    pay_to: str
    amount: int
    valid_before: int
    since: datetime


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger. `tx_hash` is the transaction that moved the money once SETTLED; before, our last try."""

    id: UUID
    quote_id: UUID
    purpose: str
    subject_type: str
    subject_id: UUID
    payment_id: UUID | None
    network: str
    asset: str
    payer: str
    nonce: str
    pay_to: str
    amount: int
    valid_after: int
    valid_before: int
    signature: str
    version: int
    payload: dict[str, Any]
    state: State
    reason: str | None
    tx_hash: str | None
    sender: str | None
    tx_nonce: int | None
    raw: str | None
    sent_at: datetime | None
    accepted_at: datetime | None
    log_index: int | None
    block_number: int | None
    decided_at: datetime | None
    final_at: datetime | None
    vanished_at: datetime | None
    created_at: datetime

    @property
    def authorized(self) -> Authorized:
        return Authorized(
            network=self.network, asset=self.asset, payer=self.payer, nonce=self.nonce, pay_to=self.pay_to,
            amount=self.amount, valid_before=self.valid_before, since=self.created_at,
        )  # fmt: skip

    @property
    def settled(self) -> bool:
        """The money is the payee's."""
        return self.state is State.SETTLED

    @property
    def failed(self) -> bool:
        """The money did not move, and cannot by this authorization."""
        return self.state is State.FAILED

    @property
    def unknown(self) -> bool:
        """Nobody knows yet: the answer is 202, and the same signature may be shown again."""
        return not self.settled and not self.failed

    @property
    def reference(self) -> str:
        """What a payment calls it: one transaction may settle several authorizations."""
        return f"{self.tx_hash}#{self.log_index}" if self.settled else str(self.id)
