"""Discounts: codes that take something off a purchase, counted exactly however many ask at once.

A sale asks `redeemable`, prices with `code.terms`, and then holds a use by `reserve`; it ends in `use` or
`release`, and in `give_back` when all is undone. Nothing else may be stacked with a code.
"""

from purvey.discounts.actions import CodeTaken, find, get, give_back, redeemable, release, reserve, use
from purvey.discounts.model import DiscountCode, DiscountType, Duration, Reason
from purvey.discounts.rules import InvalidDiscount

__all__ = [
    "CodeTaken",
    "DiscountCode",
    "DiscountType",
    "Duration",
    "InvalidDiscount",
    "Reason",
    "find",
    "get",
    "give_back",
    "redeemable",
    "release",
    "reserve",
    "use",
]
