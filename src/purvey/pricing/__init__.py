"""Pricing: what a sale comes to. Pure arithmetic on whole minor units; no database, no clock.

`quote` turns the terms of an offer into amounts; `lines_of` spreads a discount and tax over many lines.
Sums of parts are always their total, to the last minor unit.
"""

from purvey.pricing.model import MAX_QUANTITY, Discount, Line, Lines, QuantityTransform, Quote, Rounding, Tax, Terms
from purvey.pricing.rules import (
    BelowMinimum,
    FixedPrice,
    WrongCurrency,
    least,
    lines_of,
    paid_for,
    quote,
    units_of,
    with_tax,
)

__all__ = [
    "MAX_QUANTITY",
    "BelowMinimum",
    "Discount",
    "FixedPrice",
    "Line",
    "Lines",
    "QuantityTransform",
    "Quote",
    "Rounding",
    "Tax",
    "Terms",
    "WrongCurrency",
    "least",
    "lines_of",
    "paid_for",
    "quote",
    "units_of",
    "with_tax",
]
