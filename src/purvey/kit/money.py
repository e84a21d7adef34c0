"""Money is a whole number of minor units in one currency; mixing currencies is a bug."""

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from typing import Any, Self

import msgspec
from iso4217 import Currency as IsoCurrency

from purvey.kit.errors import Invalid

USDC = "USDC"
MAX_MINOR = 10**15
BASIS_POINTS = 10_000
USDC_CENT = 10_000
# Minor units that cards cannot charge one by one. Every price keeps to them, so that a seller may change gateways.
COARSE = {"BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10, "MGA": 100}
GRAINS = COARSE | {USDC: USDC_CENT}  # ruling 3
EXACTLY = Context(prec=60, traps=[InvalidOperation, Inexact])


@cache
def exponents() -> dict[str, int]:
    """Digits after the point of every currency purvey knows: ISO 4217's money, and USDC."""
    iso = {currency.code: currency.exponent for currency in IsoCurrency}
    return {code: digits for code, digits in iso.items() if digits is not None} | {USDC: 6}


def known_currency(code: str, *, pointer: str = "/currencyCode") -> str:
    """The code itself, or Invalid that names the field."""
    if code not in exponents():
        raise Invalid.field(pointer, "is no currency that is known here: send a code of ISO 4217 such as EUR, or USDC")
    return code


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units (cents, yen, millionths of USDC)."""

    minor: int
    currency: str

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def of_decimal(cls, value: Decimal, currency: str) -> Self:
        """From a decimal number of whole units, exactly; Invalid when finer than the currency, or beyond counting."""
        try:
            minor = value.scaleb(exponents()[currency], context=EXACTLY)
        except (KeyError, InvalidOperation, Inexact):
            raise Invalid(f"{value} {currency} is not an amount of money") from None
        if not minor.is_finite() or abs(minor) > MAX_MINOR:
            raise Invalid(f"{value} {currency} is more than purvey counts")
        if minor != minor.to_integral_value():
            raise Invalid(f"{value} is finer than {currency} goes: it has {exponents()[currency]} decimals")
        return cls(int(minor), currency)

    @property
    def decimal(self) -> Decimal:
        """Whole units, exactly."""
        return Decimal(self.minor).scaleb(-exponents()[self.currency], context=EXACTLY)

    def share(self, basis_points: int) -> Self:
        """So many hundredths of a percent of it, rounded half-even to the minor unit."""
        return type(self)(half_even(self.minor * basis_points, BASIS_POINTS), self.currency)

    def times(self, count: int) -> Self:
        return type(self)(self.minor * count, self.currency)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.minor, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Self) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Self) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Self) -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    @property
    def written(self) -> str:
        """Whole units as people write them: all the decimals of a currency; of USDC two, or as many as it takes."""
        text = f"{self.decimal:f}"
        if self.currency != USDC:
            return text
        whole, _, rest = text.partition(".")
        return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"

    def __str__(self) -> str:
        return f"{self.written} {self.currency}"

    def _same(self, other: Any) -> int:
        assert isinstance(other, Money) and self.currency == other.currency, f"{self} met {other}"
        return other.minor


def half_even(numerator: int, denominator: int) -> int:
    """A fraction as the nearest whole number; halfway goes to the even one. The denominator is positive."""
    whole, rest = divmod(numerator, denominator)
    up = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return whole + up


def half_up(numerator: int, denominator: int) -> int:
    """A fraction as the nearest whole number; halfway goes away from zero. The denominator is positive."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def grain_of(amount: Money) -> int:
    """The minor units that rounding keeps to: what can be charged, a cent of USDC, where the amount has it; or one."""
    grain = GRAINS.get(amount.currency, 1)
    return grain if amount.minor % grain == 0 else 1


def to_grain(amount: Money) -> Money:
    """The nearest amount that can be charged."""
    step = COARSE.get(amount.currency)
    return type(amount)(half_even(amount.minor, step) * step, amount.currency) if step else amount


def too_fine(amount: Money) -> str | None:
    """Why an amount cannot be charged exactly, for who typed it; None when it can."""
    if to_grain(amount) == amount:
        return None
    step = Money(COARSE[amount.currency], amount.currency)
    return f"{amount} cannot be charged: {amount.currency} is paid in steps of {step}"


def allocate(total: Money, weights: Sequence[Money]) -> list[Money]:
    """Split a total in proportion, by largest remainder (the first wins a tie); the parts are the total.

    No part is more than its weight when the total is not more than their sum; whole USDC cents stay whole.
    """
    grain = min(grain_of(amount) for amount in [total, *weights])
    whole = sum(weight.minor for weight in weights)
    assert whole or not total, f"{total} cannot be split over nothing"
    shares = [divmod(total.minor // grain * weight.minor, whole or 1) for weight in weights]
    left = total.minor // grain - sum(share for share, _ in shares)
    by_rest = sorted(range(len(shares)), key=lambda place: -shares[place][1])
    extra = set(by_rest[:left])
    return [Money((share + (place in extra)) * grain, total.currency) for place, (share, _) in enumerate(shares)]
