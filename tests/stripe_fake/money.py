"""What Stripe takes as an amount: minimums, the ceiling, and the odd currencies."""

from iso4217 import Currency

from .errors import Refused

MAX_AMOUNT = 99_999_999
# Smallest charge in minor units, as Stripe's documentation of currencies lists it.
MINIMUMS = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000,
    "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
WITHOUT_MINOR = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
# Their last digits must be zero: ISK and UGX have no minor unit, the others' third is not used.
LAST_DIGITS_ZERO = {"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
CODES = frozenset(currency.code.lower() for currency in Currency)


def known_currency(currency: str, *, param: str = "currency") -> str:
    """In lower case, as Stripe answers it."""
    if currency.lower() not in CODES:
        raise Refused(f"Invalid currency: {currency.lower()}.", param=param)
    return currency.lower()


def check_unit(amount: int, currency: str, *, param: str) -> None:
    """A price may be zero, never negative."""
    if amount < 0:
        raise Refused("Invalid non-negative integer", code="parameter_invalid_integer", param=param)
    _check_shape(amount, currency, param)


def check_charge(amount: int, currency: str, *, param: str = "amount") -> None:
    """A charge must reach the currency's minimum."""
    if amount < 1:
        raise Refused(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=param,
        )
    minimum = MINIMUMS.get(currency, 1)
    if amount < minimum:
        raise Refused(
            f"Amount must be at least {shown(minimum, currency)} {currency}",
            code="amount_too_small",
            param=param,
        )
    _check_shape(amount, currency, param)


def shown(amount: int, currency: str) -> str:
    symbol = SYMBOLS.get(currency, "")
    return f"{symbol}{amount}" if currency in WITHOUT_MINOR else f"{symbol}{amount / 100:.2f}"


def _check_shape(amount: int, currency: str, param: str) -> None:
    if amount > MAX_AMOUNT:
        raise Refused(
            f"Amount must be no more than {shown(MAX_AMOUNT, currency)} {currency}",
            code="amount_too_large",
            param=param,
        )
    if amount % LAST_DIGITS_ZERO.get(currency, 1):
        raise Refused(f"Invalid amount for {currency}: {amount}", param=param)
