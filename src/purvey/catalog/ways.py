"""Who can pay a price here: one question of pages, feeds and doors alike. Pure; payments say what takes money."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from purvey.catalog.model import Fulfilment
from purvey.kit.money import USDC


class Way(StrEnum):
    """A way to come by something."""

    FREE = "free"  # nothing need be paid
    CHECKOUT = "checkout"  # a person pays at a gateway's page
    X402 = "x402"  # a wallet or an agent pays in USDC
    INVOICE = "invoice"  # its seller sends one


class Tills(Protocol):
    """What takes money at one site."""

    @property
    def takes_usdc(self) -> bool:
        """Whether a wallet can pay here, by x402."""
        ...

    def at_checkout(self, currency: str) -> bool:
        """Whether a person can pay in this currency here."""
        ...


def ways_to_pay(
    tills: Tills,
    *,
    currencies: Iterable[str],
    is_free: bool,
    by_wallet: bool = False,
    by_invoice: bool = False,
    fulfilment: Fulfilment = Fulfilment.DOWNLOAD,
) -> list[Way]:
    """How something of these one-time prices can be had; none when nobody can pay it here.

    `by_wallet`: one of them is what wallets pay. They give no address and no brief, so what needs one is not theirs.
    """
    if by_invoice:
        return [Way.INVOICE]
    currencies = list(currencies)
    open_ways = (
        (Way.FREE, is_free and bool(currencies)),
        (Way.CHECKOUT, any(tills.at_checkout(currency) for currency in currencies)),
        (Way.X402, by_wallet and tills.takes_usdc and USDC in currencies and fulfilment is Fulfilment.DOWNLOAD),
    )
    return [way for way, is_open in open_ways if is_open]
