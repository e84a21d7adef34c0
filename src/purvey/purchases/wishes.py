"""What an agent asks for with its wallet, and what may come of it."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from purvey.access import Identity
from purvey.fees import Rates
from purvey.kit.db import Database
from purvey.kit.errors import Conflict, NotAllowed
from purvey.kit.own_keys import OwnKey
from purvey.payments import Gateways
from purvey.payments.x402 import Rail, Settlement, Shown
from purvey.purchases.model import Purchase


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One product, in USDC. `wallet` is whose the buyer says to be: proved by a receipt or a payment alone.

    `chosen_amount` is what is paid in all where one pays what one wants, in minor units. `fee_accrues`: the door names
    no fee, so its seller will owe it; otherwise `fee_tx` is the transaction of the fee that the wallet paid.
    """

    product_id: UUID
    wallet: str | None
    chosen_amount: int | None = None
    discount_code: str | None = None
    buyer_name: str | None = None
    fee_tx: str | None = None
    fee_accrues: bool = False

    @property
    def request_key(self) -> bytes:
        """What a quote is for, at whatever door: the same wish of another wallet is another."""
        wallet, code = (each and each.strip().lower() for each in (self.wallet, self.discount_code))
        return sha256(msgspec.json.encode([self.product_id, wallet, self.chosen_amount, code])).digest()


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `keys` are secrets of whoever sent the first one: its Idempotency-Key and payment-identifier.

    `asker` is who is slowed down for guessing codes; `resource` is the door's own address.
    """

    wish: Wish
    shown: Shown | None
    me: Identity | None
    keys: tuple[OwnKey, ...]
    resource: str
    asker: str
    now: datetime

    @property
    def payer(self) -> str | None:
        """Whose money it is, as far as anybody says."""
        if self.shown is not None:
            return self.shown.payer
        return self.wish.wallet or (self.me.wallet if self.me else None)


class Till(msgspec.Struct, frozen=True):
    """What a sale in USDC is made with."""

    db: Database
    rail: Rail
    gateways: Gateways
    rates: Rates


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """It is paid, delivered, and the asker has proved to be its buyer. No settlement where it cost nothing."""

    purchase_id: UUID
    buyer_id: UUID
    settlement: Settlement | None
    replayed: bool = False


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """The money is on its way, or may be: the same payment shown again hears what became of it."""

    purchase: Purchase
    settlement: Settlement


class Duplicate(Conflict):
    """This payment is used, and whoever shows it has not proved to be its payer: a signature is public."""

    code = "duplicate_transaction"

    @classmethod
    def of(cls, purchase: Purchase) -> "Duplicate":
        return cls(
            "This payment has bought something already; its payer sees what, by signing in (SIWA), or by the "
            "Idempotency-Key of the first call",
            extra={"id": str(purchase.id), "purchaseStatus": purchase.status},
        )


class MoneyOwed(Conflict):
    """The money arrived when what it was for was gone: its seller owes it to the payer."""

    code = "payment_owed"


class OtherWallet(NotAllowed):
    """Receipt, body and payment do not name the same wallet."""

    code = "other_wallet"


def refuse_other_wallets(asking: Asking) -> None:
    """Whoever signed in, whoever the body says is buying, and whoever pays are one."""
    said = {
        "the receipt": asking.me.wallet if asking.me else None,
        "the body": asking.wish.wallet,
        "the payment": asking.shown.payer if asking.shown else None,
    }
    named = {where: wallet.lower() for where, wallet in said.items() if wallet is not None}
    if len(set(named.values())) > 1:
        raise OtherWallet(f"Different wallets are named by {' and '.join(named)}: they must be the payer's own")
