"""Fees: what the platform takes of sales in USDC, by rates that are settings.

An agent pays a fee beforehand, which is a credit: good for any one purchase of its payer, for ever. Where a sale names
none, its seller owes the fee. A sale asks `fit`, holds by `hold`, and ends in `settle` or `drop`.
"""

from purvey.fees.actions import NotOwed, drop, fit, give_back, hold, note_paid, settle
from purvey.fees.model import CREDIT_LIFE, FEE_LIFE, Credit, CreditState, FeeState, PurchaseFee, Rates
from purvey.fees.paying import FeeAsking, FeePaid, pay, reactions, sweep, unused_of
from purvey.fees.rules import NO_RATES, FeeMissing, FeeTooSmall, FeeUsed, FeeVanished, Unfit, fee_of, owed_of
from purvey.fees.store import by_transaction as of_transaction
from purvey.settings import Settings

__all__ = [
    "CREDIT_LIFE",
    "FEE_LIFE",
    "NO_RATES",
    "Credit",
    "CreditState",
    "FeeAsking",
    "FeeMissing",
    "FeePaid",
    "FeeState",
    "FeeTooSmall",
    "FeeUsed",
    "FeeVanished",
    "NotOwed",
    "PurchaseFee",
    "Rates",
    "Unfit",
    "drop",
    "fee_of",
    "fit",
    "give_back",
    "hold",
    "note_paid",
    "of_transaction",
    "owed_of",
    "pay",
    "rates_of",
    "reactions",
    "settle",
    "sweep",
    "takes_any",
    "unused_of",
]


def rates_of(settings: Settings) -> Rates:
    """What the platform takes; nothing where it has no wallet to take it with."""
    if settings.x402_platform_wallet is None:
        return NO_RATES
    return Rates(settings.x402_fee_bps, settings.x402_fee_minimum)


def takes_any(rates: Rates) -> bool:
    return bool(rates.bps or rates.minimum)
