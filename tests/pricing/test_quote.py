"""A quote is exact: to the unit, to the basis point, to the last minor unit, at any size."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey import pricing
from purvey.kit.errors import Invalid
from purvey.kit.money import MAX_MINOR, Money
from purvey.pricing import Discount, QuantityTransform, Rounding, Tax, Terms


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def usdc(millionths: int) -> Money:
    return Money(millionths, "USDC")


quantities = st.integers(0, 10**15)
divisors = st.integers(1, 10**15)
prices = st.integers(0, 10**9)
basis_points = st.integers(1, 10_000)
rates = st.integers(0, 10_000)
discounts = (
    st.none() | basis_points.map(Discount.percentage) | st.integers(1, 10**12).map(lambda m: Discount.fixed(eur(m)))
)
taxes = st.builds(Tax, rate_bps=rates, inclusive=st.booleans())


@pytest.mark.feature("C16")
@given(quantities, divisors)
def test_units_rounded_up_are_the_fewest_packs_that_hold_everything(quantity: int, by: int) -> None:
    units = pricing.units_of(quantity, QuantityTransform(by, Rounding.UP))
    assert units * by >= quantity > (units - 1) * by or units == quantity == 0


@pytest.mark.feature("C16")
@given(quantities, divisors)
def test_units_rounded_down_are_the_most_packs_that_are_full(quantity: int, by: int) -> None:
    units = pricing.units_of(quantity, QuantityTransform(by, Rounding.DOWN))
    assert units * by <= quantity < (units + 1) * by


@pytest.mark.feature("C16")
@given(st.integers(1, 10**6), st.integers(2, 10**6), st.sampled_from(Rounding))
def test_around_a_multiple_one_more_or_less_makes_the_difference(packs: int, by: int, rounding: Rounding) -> None:
    transform = QuantityTransform(by, rounding)
    up = rounding is Rounding.UP
    assert pricing.units_of(packs * by, transform) == packs
    assert pricing.units_of(packs * by - 1, transform) == (packs if up else packs - 1)
    assert pricing.units_of(packs * by + 1, transform) == (packs + 1 if up else packs)


@pytest.mark.feature("C16")
@pytest.mark.parametrize(
    ("quantity", "by", "up", "down"),
    [
        (0, 1000, 0, 0),
        (1, 1000, 1, 0),
        (1250, 1000, 2, 1),
        (7, 1, 7, 7),
        (10**15, 10**15, 1, 1),
        (10**15, 1, 10**15, 10**15),
    ],
)
def test_units_of_plain_numbers(quantity: int, by: int, up: int, down: int) -> None:
    assert pricing.units_of(quantity, QuantityTransform(by, Rounding.UP)) == up
    assert pricing.units_of(quantity, QuantityTransform(by, Rounding.DOWN)) == down
    assert pricing.units_of(quantity, None) == quantity


@pytest.mark.feature("C16")
@pytest.mark.parametrize("quantity", [-1, 10**15 + 1])
def test_a_quantity_out_of_range_is_named(quantity: int) -> None:
    with pytest.raises(Invalid) as refusal:
        pricing.units_of(quantity, None)
    assert refusal.value.errors[0].pointer == "/quantity"


def test_a_price_by_the_thousand_bills_units() -> None:
    terms = Terms(unit_amount=eur(500), quantity=1250, transform=QuantityTransform(1000, Rounding.UP))
    found = pricing.quote(terms)
    assert (found.quantity, found.units, found.amount, found.final_amount) == (1250, 2, eur(1000), eur(1000))


@pytest.mark.feature("A24")
@pytest.mark.parametrize(
    ("price", "off", "discount", "final"),
    [
        (eur(1000), Discount.percentage(2000), 200, 800),
        (eur(999), Discount.percentage(2000), 200, 799),
        (eur(1), Discount.percentage(5000), 0, 1),
        (eur(3), Discount.percentage(5000), 2, 1),
        (eur(1000), Discount.percentage(10_000), 1000, 0),
        (eur(1000), Discount.fixed(eur(250)), 250, 750),
        (eur(1000), Discount.fixed(eur(2500)), 1000, 0),
        (usdc(9_990_000), Discount.percentage(2000), 2_000_000, 7_990_000),
        (usdc(9_990_001), Discount.percentage(2000), 1_998_000, 7_992_001),
    ],
)
def test_discounts_in_plain_numbers(price: Money, off: Discount, discount: int, final: int) -> None:
    found = pricing.quote(Terms(unit_amount=price, discount=off))
    assert (found.discount_amount.minor, found.final_amount.minor) == (discount, final)


@pytest.mark.feature("A24")
@given(prices, st.integers(1, 1000), discounts, taxes)
def test_a_quote_adds_up_and_is_never_below_zero(
    price: int, quantity: int, discount: Discount | None, tax: Tax
) -> None:
    found = pricing.quote(Terms(unit_amount=eur(price), quantity=quantity, discount=discount, tax=tax))
    net = found.amount - found.discount_amount
    assert found.amount == eur(price * quantity)
    assert eur(0) <= found.discount_amount <= found.amount
    assert found.final_amount == (net if tax.inclusive else net + found.tax_amount)
    before_tax = found.final_amount - found.tax_amount
    assert abs(Fraction(before_tax.minor * tax.rate_bps, 10_000) - found.tax_amount.minor) <= 1


@pytest.mark.feature("A24")
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), discounts, taxes)
def test_the_sum_of_the_lines_is_the_total_in_every_column(
    amounts: list[int], discount: Discount | None, tax: Tax
) -> None:
    found = pricing.lines_of([eur(amount) for amount in amounts], discount=discount, tax=tax)
    for column in ("amount", "discount_amount", "tax_amount", "final_amount"):
        assert sum(getattr(line, column).minor for line in found.lines) == getattr(found, column).minor
    for line in found.lines:
        assert eur(0) <= line.discount_amount <= line.amount
        assert line.final_amount >= eur(0)
        assert line.tax_amount >= eur(0)


@pytest.mark.feature("B10")
@given(st.lists(st.integers(1, 10**5), min_size=1, max_size=9), basis_points, taxes)
def test_usdc_in_whole_cents_stays_in_whole_cents(cents: list[int], off: int, tax: Tax) -> None:
    found = pricing.lines_of([usdc(10_000 * each) for each in cents], discount=Discount.percentage(off), tax=tax)
    assert sum(line.final_amount.minor for line in found.lines) == found.final_amount.minor
    for line in found.lines:
        assert line.discount_amount.minor % 10_000 == line.tax_amount.minor % 10_000 == 0


@pytest.mark.parametrize(
    ("tax", "tax_amount", "final"),
    [
        (Tax(rate_bps=1900), 190, 1190),
        (Tax(rate_bps=1900, inclusive=True), 160, 1000),
        (Tax(rate_bps=0, inclusive=True), 0, 1000),
        (Tax(rate_bps=10_000), 1000, 2000),
    ],
)
def test_tax_comes_on_top_or_is_inside(tax: Tax, tax_amount: int, final: int) -> None:
    found = pricing.quote(Terms(unit_amount=eur(1000), tax=tax))
    assert (found.tax_amount, found.final_amount) == (eur(tax_amount), eur(final))


@pytest.mark.parametrize(
    ("price", "tax", "tax_amount"),
    [
        (50, Tax(rate_bps=100), 1),  # half a cent goes up, where half-even would say nothing
        (250, Tax(rate_bps=100), 3),
        (3, Tax(rate_bps=2000, inclusive=True), 1),
        (41, Tax(rate_bps=250, inclusive=True), 1),
    ],
)
def test_half_a_cent_of_tax_goes_up(price: int, tax: Tax, tax_amount: int) -> None:
    assert pricing.quote(Terms(unit_amount=eur(price), tax=tax)).tax_amount == eur(tax_amount)


@given(st.integers(0, 10**7), st.integers(1, 20), basis_points, taxes)
def test_a_currency_that_cards_charge_in_tens_is_quoted_in_tens(tens: int, quantity: int, off: int, tax: Tax) -> None:
    price = Money(tens * 10, "KWD")
    for discount in (None, Discount.percentage(off), Discount.fixed(Money(off, "KWD"))):
        found = pricing.quote(Terms(unit_amount=price, quantity=quantity, discount=discount, tax=tax))
        assert found.final_amount.minor % 10 == found.tax_amount.minor % 10 == found.discount_amount.minor % 10 == 0


def test_a_price_from_before_that_is_finer_is_quoted_as_it_can_be_charged() -> None:
    assert pricing.quote(Terms(unit_amount=Money(1236, "KWD"))).final_amount == Money(1240, "KWD")
    assert pricing.quote(Terms(unit_amount=Money(1236, "KWD"), quantity=10)).final_amount == Money(12360, "KWD")
    assert pricing.quote(Terms(unit_amount=Money(1250, "MGA"))).final_amount == Money(1200, "MGA")


def test_an_amount_that_is_chosen_finer_than_it_can_be_charged_is_named() -> None:
    terms = Terms(unit_amount=Money(1000, "KWD"), minimum_amount=Money(0, "KWD"), chosen_amount=Money(1234, "KWD"))
    with pytest.raises(Invalid) as refusal:
        pricing.quote(terms)
    assert refusal.value.errors[0].pointer == "/amount"
    assert refusal.value.detail == "1.234 KWD cannot be charged: KWD is paid in steps of 0.010 KWD"


def test_what_one_pays_as_one_wants_has_its_tax_inside_also_at_the_suggestion() -> None:
    found = pay_what_you_want(None, tax=Tax(rate_bps=1900))
    assert (found.final_amount, found.tax_amount, found.tax_inclusive) == (eur(1000), eur(160), True)


def pay_what_you_want(chosen: int | None, *, minimum: int = 0, **more: object) -> pricing.Quote:
    amount = None if chosen is None else eur(chosen)
    return pricing.quote(Terms(unit_amount=eur(1000), minimum_amount=eur(minimum), chosen_amount=amount, **more))  # type: ignore[arg-type]


@pytest.mark.feature("B9")
def test_a_buyer_who_names_the_amount_pays_exactly_that() -> None:
    assert pay_what_you_want(1500).final_amount == eur(1500)
    assert pay_what_you_want(0).final_amount == eur(0)
    assert pay_what_you_want(None).final_amount == eur(1000)
    with_tax = pay_what_you_want(1190, tax=Tax(rate_bps=1900))
    assert (with_tax.final_amount, with_tax.tax_amount, with_tax.tax_inclusive) == (eur(1190), eur(190), True)


@pytest.mark.feature("B9")
def test_a_code_lowers_the_minimum_and_nothing_else() -> None:
    with pytest.raises(pricing.BelowMinimum):
        pay_what_you_want(400, minimum=500)
    lowered = pay_what_you_want(400, minimum=500, discount=Discount.percentage(2000))
    assert (lowered.amount, lowered.discount_amount, lowered.final_amount) == (eur(500), eur(100), eur(400))
    with pytest.raises(pricing.BelowMinimum):
        pay_what_you_want(399, minimum=500, discount=Discount.percentage(2000))
    generous = pay_what_you_want(2000, minimum=500, discount=Discount.percentage(2000))
    assert (generous.discount_amount, generous.final_amount) == (eur(0), eur(2000))


@pytest.mark.feature("B9")
@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 100), discounts, taxes)
def test_whatever_is_chosen_is_paid_or_refused(
    chosen: int, minimum: int, quantity: int, discount: Discount | None, tax: Tax
) -> None:
    try:
        found = pay_what_you_want(chosen, minimum=minimum, quantity=quantity, discount=discount, tax=tax)
    except pricing.BelowMinimum:
        assert chosen < minimum * quantity
    else:
        assert found.final_amount == eur(chosen) == found.amount - found.discount_amount


@pytest.mark.feature("B9")
def test_an_amount_for_a_fixed_price_is_refused() -> None:
    with pytest.raises(pricing.FixedPrice):
        pricing.quote(Terms(unit_amount=eur(1000), chosen_amount=eur(1000)))


def test_other_currencies_and_negative_amounts_are_refused() -> None:
    with pytest.raises(pricing.WrongCurrency):
        pricing.quote(Terms(unit_amount=eur(1000), discount=Discount.fixed(usdc(1))))
    with pytest.raises(pricing.WrongCurrency):
        pricing.quote(Terms(unit_amount=eur(1000), minimum_amount=eur(0), chosen_amount=usdc(1)))
    with pytest.raises(Invalid):
        pay_what_you_want(-1)


@given(st.integers(1, MAX_MINOR), st.integers(1, 10**15), rates)
def test_what_is_too_much_to_count_is_refused_by_name(price: int, quantity: int, rate: int) -> None:
    terms = Terms(unit_amount=eur(price), quantity=quantity, tax=Tax(rate_bps=rate))
    try:
        found = pricing.quote(terms)
    except Invalid as refusal:
        assert refusal.errors[0].pointer == "/quantity"
        assert price * quantity * (10_000 + rate) > MAX_MINOR * 10_000
    else:
        assert found.final_amount.minor <= MAX_MINOR
