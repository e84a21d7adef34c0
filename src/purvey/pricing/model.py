"""What is asked of a price, and what it comes to."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Self

import msgspec

from purvey.kit.money import Money

MAX_QUANTITY = 10**15


class Rounding(StrEnum):
    UP = "up"
    DOWN = "down"


class QuantityTransform(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Sold in packs of `divide_by`, a broken pack rounded `up` or `down` (C16)."""

    divide_by: Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)]
    round: Rounding


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """So many basis points off, or a fixed amount off; exactly one of the two."""

    basis_points: int | None = None
    amount: Money | None = None

    def __post_init__(self) -> None:
        assert (self.basis_points is None) != (self.amount is None), "a discount is a percentage or an amount"

    @classmethod
    def percentage(cls, basis_points: int) -> Self:
        return cls(basis_points=basis_points)

    @classmethod
    def fixed(cls, amount: Money) -> Self:
        return cls(amount=amount)


class Tax(msgspec.Struct, frozen=True, kw_only=True):
    """The tenant's tax: on top of its prices, or already inside them (ruling 4)."""

    rate_bps: int = 0
    inclusive: bool = False


NO_TAX = Tax()


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as a buyer asks for it.

    `minimum_amount` is set for pay-what-you-want alone, for one unit; `unit_amount` is its suggestion then.
    `chosen_amount` is what the buyer will pay in all, tax inside (ruling 29).
    """

    unit_amount: Money
    quantity: int = 1
    transform: QuantityTransform | None = None
    minimum_amount: Money | None = None
    chosen_amount: Money | None = None
    discount: Discount | None = None
    tax: Tax = NO_TAX

    @property
    def price_tax(self) -> Tax:
        """How tax stands to the price: always inside of what one pays as one wants."""
        return self.tax if self.minimum_amount is None else Tax(rate_bps=self.tax.rate_bps, inclusive=True)


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What it comes to. `final_amount` is what is paid.

    amount - discount_amount = final_amount when tax is inside, plus tax_amount when it comes on top.
    """

    quantity: int
    units: int
    unit_amount: Money
    amount: Money
    discount_amount: Money
    tax_rate_bps: int
    tax_inclusive: bool
    tax_amount: Money
    final_amount: Money


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line's part of everything."""

    amount: Money
    discount_amount: Money
    tax_amount: Money
    final_amount: Money


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and what they come to; each total is the sum of its column."""

    lines: Sequence[Line]
    amount: Money
    discount_amount: Money
    tax_amount: Money
    final_amount: Money
