"""Discounts: codes that take something off a purchase, counted exactly however many ask at once.

A sale asks `redeemed`, and then holds a use by `reserve`; it ends in `use` or `release`. A code that takes nothing off
is not used. A refunded purchase has used its code all the same. Nothing else may be stacked with a code.
"""

from purvey.discounts.actions import (
    CodeTaken,
    change,
    create,
    find,
    get,
    redeemed,
    release,
    remove,
    reserve,
    use,
)
from purvey.discounts.forms import TypedCode
from purvey.discounts.model import DiscountCode, DiscountType, Duration, Reason
from purvey.discounts.moving import hand_over
from purvey.discounts.preview import Preview, limit_guesses, preview
from purvey.discounts.rules import InvalidDiscount, effect
from purvey.discounts.store import NEWEST as NEWEST_CODES
from purvey.discounts.store import codes_of

__all__ = [
    "NEWEST_CODES",
    "CodeTaken",
    "DiscountCode",
    "DiscountType",
    "Duration",
    "InvalidDiscount",
    "Preview",
    "Reason",
    "TypedCode",
    "change",
    "codes_of",
    "create",
    "effect",
    "find",
    "get",
    "hand_over",
    "limit_guesses",
    "preview",
    "redeemed",
    "release",
    "remove",
    "reserve",
    "use",
]
