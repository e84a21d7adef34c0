"""When a code applies, and what a code may be. Pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from purvey.discounts.model import DiscountCode, DiscountType, Duration, Reason
from purvey.kit.errors import Invalid
from purvey.kit.money import BASIS_POINTS, MAX_MINOR, Money, known_currency, too_fine
from purvey.pricing import Quote, Terms, quote

POINTS_A_PERCENT = 100
SENTENCES = {
    Reason.UNKNOWN: "there is no such code here",
    Reason.INACTIVE: "it is switched off",
    Reason.NOT_STARTED: "it is not valid yet",
    Reason.ENDED: "it has ended",
    Reason.USED_UP: "it has been used up",
    Reason.BUYER_LIMIT: "you have used it as often as one buyer may",
    Reason.OTHER_ITEM: "it is for something else",
    Reason.OTHER_CURRENCY: "it is for another currency",
    Reason.BELOW_MINIMUM: "the purchase is below its minimum",
}


class InvalidDiscount(Invalid):
    """The code does not apply; `why` says the reason."""

    code = "invalid_discount"

    def __init__(self, why: Reason) -> None:
        detail = f"Invalid discount code: {SENTENCES[why]}"
        refusal = Invalid.field("/discountCode", detail, code=f"discount_{why}")
        super().__init__(detail, code=f"discount_{why}", errors=refusal.errors, extra={"reason": why})
        self.why = why


def canonical(code: str) -> str:
    """Codes are typed by people: case and surrounding space mean nothing."""
    return code.strip().upper()


def why_closed(code: DiscountCode, *, now: datetime) -> Reason | None:
    """Why nobody can use the code now, or None."""
    cases = {
        Reason.INACTIVE: not code.is_active,
        Reason.NOT_STARTED: code.starts_at is not None and now < code.starts_at,
        Reason.ENDED: code.ends_at is not None and now >= code.ends_at,
        Reason.USED_UP: code.max_uses is not None and code.reserved + code.used >= code.max_uses,
    }
    return first(cases)


def why_not(code: DiscountCode, *, product_id: UUID | None, terms: Terms, uses_of_buyer: int) -> Reason | None:
    """Why an open code takes nothing off what these terms come to, or None. `product_id` is None for a chapter."""
    if code.product_ids is not None and product_id not in code.product_ids:
        return Reason.OTHER_ITEM
    if code.currency is not None and terms.unit_amount.currency != code.currency:
        return Reason.OTHER_CURRENCY
    if code.minimum_amount is not None and weighed(code, terms).minor < code.minimum_amount:
        return Reason.BELOW_MINIMUM
    if code.max_uses_per_buyer is not None and uses_of_buyer >= code.max_uses_per_buyer:
        return Reason.BUYER_LIMIT
    return None


def weighed(code: DiscountCode, terms: Terms) -> Money:
    """What a code's own minimum is held against: the full price, or what is paid where one pays what one wants."""
    if terms.minimum_amount is None:
        return quote(terms).amount
    if terms.chosen_amount is not None:
        return terms.chosen_amount
    return quote(msgspec.structs.replace(terms, discount=code.terms)).final_amount


def effect(price: Quote, least: Money | None) -> str | None:
    """What a code does besides taking something off a price, in words for its buyer; None when nothing."""
    if least is None:
        return None if price.discount_amount else f"The code takes nothing off {price.amount}, and is not used up"
    lowers = f"The code lowers the least that can be paid to {least}"
    if price.discount_amount:
        return lowers
    return f"{lowers}; it takes nothing off the {price.final_amount} that are chosen, and is not used up"


def first(cases: Mapping[Reason, bool]) -> Reason | None:
    return next((reason for reason, holds in cases.items() if holds), None)


def worth(discount_type: DiscountType, value: float) -> tuple[int | None, int | None]:
    """A value from the wire as (basis points, minor units): 12.5 percent is (1250, None)."""
    exact = Decimal(repr(value))
    if discount_type is DiscountType.PERCENTAGE:
        points = exact * POINTS_A_PERCENT
        if not 0 < points <= BASIS_POINTS or points != int(points):
            raise Invalid.field("/value", "A percentage is above 0, at most 100, and has at most two decimals")
        return int(points), None
    if not 0 < exact <= MAX_MINOR or exact != int(exact):
        raise Invalid.field("/value", "A fixed amount is a whole number of minor units, such as 500 for 5.00 EUR")
    return None, int(exact)


def value_of(code: DiscountCode) -> float:
    """The value as the wire has it: percent, or minor units; a whole number where it is one."""
    if code.basis_points is None:
        return code.amount or 0
    whole, part = divmod(code.basis_points, POINTS_A_PERCENT)
    return whole if part == 0 else code.basis_points / POINTS_A_PERCENT


def refuse_impossible(code: DiscountCode) -> None:
    """Invalid, naming the field, for a code that could never be right."""
    if code.currency is not None:
        known_currency(code.currency)
    if code.currency is not None and code.amount is not None and (fault := too_fine(Money(code.amount, code.currency))):
        raise Invalid.field("/value", fault, code="too_fine")
    if code.currency is None and (code.amount is not None or code.minimum_amount is not None):
        raise Invalid.field("/currencyCode", "An amount needs its currency")
    if code.starts_at and code.ends_at and code.ends_at <= code.starts_at:
        raise Invalid.field("/endsAt", "It must end after it starts")
    if (code.duration is Duration.REPEATING) != (code.duration_periods is not None):
        raise Invalid.field("/durationPeriods", "REPEATING needs a number of periods, and nothing else has one")
    if code.product_ids is not None and not code.product_ids:
        raise Invalid.field("/productIds", "Name at least one product, or null for everything")
    if code.max_uses is not None and code.max_uses < code.reserved + code.used:
        raise Invalid.field("/maxUses", f"It has been used {code.reserved + code.used} times already")
