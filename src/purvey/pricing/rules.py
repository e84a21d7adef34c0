"""The arithmetic of a sale: exact integers, rounded once, at the total: tax half up, everything else half-even."""

from collections.abc import Callable, Sequence

from purvey.kit.errors import Invalid
from purvey.kit.money import BASIS_POINTS, MAX_MINOR, Money, allocate, grain_of, half_even, half_up, to_grain, too_fine
from purvey.pricing.model import (
    MAX_QUANTITY,
    NO_TAX,
    Discount,
    Line,
    Lines,
    QuantityTransform,
    Quote,
    Rounding,
    Tax,
    Terms,
)


class FixedPrice(Invalid):
    """An amount was chosen for something whose price is fixed."""

    code = "fixed_price"


class BelowMinimum(Invalid):
    """Less was offered than the seller takes."""

    code = "below_minimum"


class WrongCurrency(Invalid):
    """A discount or an amount in another currency than the price's."""

    code = "wrong_currency"


def quote(terms: Terms) -> Quote:
    """What these terms come to; Invalid names the field that cannot be."""
    units, tax = units_of(terms.quantity, terms.transform), terms.price_tax
    if terms.chosen_amount is None:
        total = lines_of([multiple(terms.unit_amount, units)], discount=terms.discount, tax=tax)
    else:
        paid, forgiven = chosen(terms, terms.chosen_amount, units)
        total = lines_of([paid + forgiven], discount=Discount.fixed(forgiven) if forgiven else None, tax=tax)
    return Quote(
        quantity=terms.quantity,
        units=units,
        unit_amount=terms.unit_amount,
        amount=total.amount,
        discount_amount=total.discount_amount,
        tax_rate_bps=tax.rate_bps,
        tax_inclusive=tax.inclusive,
        tax_amount=total.tax_amount,
        final_amount=total.final_amount,
    )


def units_of(quantity: int, transform: QuantityTransform | None) -> int:
    """How many units are billed for a quantity: 1,250 by 1,000 rounded up are 2, rounded down 1."""
    if not 0 <= quantity <= MAX_QUANTITY:
        raise Invalid.field("/quantity", f"must be between 0 and {MAX_QUANTITY}")
    if transform is None:
        return quantity
    whole, broken = divmod(quantity, transform.divide_by)
    return whole + 1 if broken and transform.round is Rounding.UP else whole


def lines_of(amounts: Sequence[Money], *, discount: Discount | None = None, tax: Tax = NO_TAX) -> Lines:
    """A discount and tax on a sum, spread over its lines by largest remainder."""
    amount = total_of(amounts)
    off = reduction(amount, discount)
    net = amount - off
    tax_amount = tax_on(net, tax)
    final = net if tax.inclusive else within_limits(net + tax_amount)
    discounts = allocate(off, amounts)
    nets = [each - less for each, less in zip(amounts, discounts, strict=True)]
    taxes = allocate(tax_amount, nets)
    lines = [
        Line(amount=each, discount_amount=less, tax_amount=taxed, final_amount=kept if tax.inclusive else kept + taxed)
        for each, less, kept, taxed in zip(amounts, discounts, nets, taxes, strict=True)
    ]
    return Lines(lines=lines, amount=amount, discount_amount=off, tax_amount=tax_amount, final_amount=final)


def total_of(amounts: Sequence[Money]) -> Money:
    total = Money.zero(amounts[0].currency)
    for amount in amounts:
        total = total + amount
    return within_limits(total)


def reduction(amount: Money, discount: Discount | None) -> Money:
    """What a discount takes off, never more than there is; a percentage rounds half-even (ruling 3)."""
    if discount is None:
        return Money.zero(amount.currency)
    if discount.amount is not None:
        return min(amount, to_grain(in_currency(discount.amount, amount.currency, "/discountCode")))
    return rounded(amount, discount.basis_points or 0, BASIS_POINTS)


def tax_on(net: Money, tax: Tax) -> Money:
    """The tax that comes on top of a net amount, or that is inside it; half of a grain goes up (ruling 44)."""
    return rounded(net, tax.rate_bps, BASIS_POINTS + tax.rate_bps if tax.inclusive else BASIS_POINTS, how=half_up)


def with_tax(amount: Money, tax: Tax) -> Money:
    """What is paid for a price: the price itself, as far as it can be charged, or with the tax on top of it."""
    amount = to_grain(amount)
    return amount + tax_on(amount, tax) if tax.rate_bps and not tax.inclusive else amount


def paid_for(minor: int, currency: str, tax: Tax) -> int:
    """The same in minor units, for what shows a price."""
    return with_tax(Money(minor, currency), tax).minor


def rounded(amount: Money, numerator: int, denominator: int, *, how: Callable[[int, int], int] = half_even) -> Money:
    """A fraction of an amount, to the grain that the amount itself has."""
    grain = grain_of(amount)
    return Money(how(amount.minor * numerator, denominator * grain) * grain, amount.currency)


def chosen(terms: Terms, amount: Money, units: int) -> tuple[Money, Money]:
    """What a buyer pays who names the amount, and how much of the minimum a code forgave."""
    if terms.minimum_amount is None:
        raise FixedPrice.field("/amount", "This has a fixed price; leave the amount out", code="fixed_price")
    in_currency(amount, terms.unit_amount.currency, "/amount")
    if amount.minor < 0:
        raise Invalid.field("/amount", "must not be below 0")
    if fault := too_fine(amount):
        raise Invalid.field("/amount", fault, code="too_fine")
    least = least_of(terms, units)
    assert least is not None
    if amount < least:
        raise BelowMinimum.field("/amount", f"The least that can be paid is {least}", code="below_minimum")
    minimum = multiple(terms.minimum_amount, units)
    return amount, max(minimum - amount, Money.zero(amount.currency))


def least(terms: Terms) -> Money | None:
    """The least that can be paid where one pays what one wants, with the discount; None for a fixed price."""
    return least_of(terms, units_of(terms.quantity, terms.transform))


def least_of(terms: Terms, units: int) -> Money | None:
    if terms.minimum_amount is None:
        return None
    minimum = multiple(terms.minimum_amount, units)
    return minimum - reduction(minimum, terms.discount)


def multiple(amount: Money, units: int) -> Money:
    """So many units together, to what can be charged: a price from before may be finer than that."""
    return within_limits(to_grain(amount.times(units)))


def in_currency(amount: Money, currency: str, pointer: str) -> Money:
    if amount.currency != currency:
        raise WrongCurrency.field(pointer, f"This is sold in {currency}, not {amount.currency}", code="wrong_currency")
    return amount


def within_limits(amount: Money) -> Money:
    if amount.minor > MAX_MINOR:
        raise Invalid.field(
            "/quantity", f"This comes to {amount}, more than purvey counts; ask for less", code="too_much"
        )
    return amount
