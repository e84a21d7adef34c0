"""Money is a whole number of minor units in one currency; mixing currencies is a bug."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import cache
from typing import Any, Self

import msgspec
from iso4217 import Currency as IsoCurrency

from purvey.kit.errors import Invalid

USDC = "USDC"
MAX_MINOR = 10**15
BASIS_POINTS = 10_000


@cache
def exponents() -> dict[str, int]:
    """Digits after the point of every currency purvey knows: ISO 4217's money, and USDC."""
    iso = {currency.code: currency.exponent for currency in IsoCurrency}
    return {code: digits for code, digits in iso.items() if digits is not None} | {USDC: 6}


def known_currency(code: str, *, pointer: str = "/currencyCode") -> str:
    """The code itself, or Invalid that names the field."""
    if code not in exponents():
        raise Invalid.field(
            pointer, f"{code!r} is not a currency purvey knows; use an ISO 4217 code such as EUR, or USDC"
        )
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
        """From a decimal number of whole units, exactly; Invalid when finer than the currency."""
        try:
            minor = value.scaleb(exponents()[currency])
        except (KeyError, InvalidOperation):
            raise Invalid(f"{value} {currency} is not an amount of money") from None
        if not minor.is_finite() or minor != minor.to_integral_value():
            raise Invalid(f"{value} is finer than {currency} goes: it has {exponents()[currency]} decimals")
        return cls(int(minor), currency)

    @property
    def decimal(self) -> Decimal:
        """Whole units, exactly."""
        return Decimal(self.minor).scaleb(-exponents()[self.currency])

    def share(self, basis_points: int) -> Self:
        """So many hundredths of a percent of it, rounded half-even to the minor unit."""
        exact = Decimal(self.minor) * basis_points / BASIS_POINTS
        return type(self)(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), self.currency)

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

    def __str__(self) -> str:
        return f"{self.decimal:f} {self.currency}"

    def _same(self, other: Any) -> int:
        assert isinstance(other, Money) and self.currency == other.currency, f"{self} met {other}"
        return other.minor
