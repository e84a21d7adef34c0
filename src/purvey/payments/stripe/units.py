"""Money as Stripe counts it, which is not always ISO 4217's way (docs.stripe.com/currencies)."""

from purvey.kit.errors import Invalid
from purvey.kit.money import USDC, Money, exponents, too_fine

WITHOUT_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})  # the third must be zero
TWO_AGAINST_ISO = frozenset({"ISK", "UGX"})  # they have no minor unit; Stripe still counts hundredths, all zero


class NotSoFine(Invalid):
    """Stripe cannot take exactly this amount."""

    code = "amount_not_taken"


def digits(currency: str) -> int | None:
    """Digits after the point at Stripe; None when it does not know the currency."""
    if currency in WITHOUT_DECIMALS:
        return 0
    if currency in THREE_DECIMALS:
        return 3
    two = currency in TWO_AGAINST_ISO or exponents().get(currency) == 2
    return 2 if two and currency != USDC else None


def takes(currency: str) -> bool:
    """Whether Stripe sells in it; an account's country may still rule it out."""
    return digits(currency) is not None


def to_stripe(money: Money) -> int:
    """The amount in Stripe's units, exactly; NotSoFine when it has none such."""
    at_stripe = digits(money.currency)
    if at_stripe is None:
        raise NotSoFine(f"Stripe does not take {money.currency}")
    units, rest = scaled(money.minor, exponents()[money.currency], at_stripe)
    if rest or too_fine(money):
        raise NotSoFine(f"Stripe does not take {money}: it is finer than its {money.currency} goes")
    return units


def from_stripe(units: int, currency: str) -> Money:
    """Stripe's amount as ours; `currency` in Stripe's lower case or ours."""
    code = currency.upper()
    at_stripe = digits(code)
    if at_stripe is None:
        raise NotSoFine(f"Stripe said an amount in {code}, which it does not sell in")
    minor, rest = scaled(units, at_stripe, exponents()[code])
    if rest:
        raise NotSoFine(f"Stripe said {units} {code}, which is finer than {code} goes")
    return Money(minor, code)


def scaled(amount: int, from_digits: int, to_digits: int) -> tuple[int, int]:
    """The amount with another number of digits after the point, and what does not fit in them."""
    whole: int = amount * 10**to_digits
    step: int = 10**from_digits
    return divmod(whole, step)
