"""Money is whole minor units: nothing is lost when it is shared, split, read or shown."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.kit.errors import Invalid
from purvey.kit.money import MAX_MINOR, Money, allocate, grain_of, half_even, known_currency

minors = st.integers(0, MAX_MINOR)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_half_even_is_what_python_rounds_a_fraction_to(numerator: int, denominator: int) -> None:
    assert half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@pytest.mark.parametrize(("numerator", "rounded"), [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2)])
def test_a_half_goes_to_the_even_one(numerator: int, rounded: int) -> None:
    assert half_even(numerator, 2) == rounded


@given(minors, st.integers(0, 10_000))
def test_a_share_is_never_more_than_the_whole_and_exact_at_any_size(minor: int, basis_points: int) -> None:
    share = Money(minor, "EUR").share(basis_points)
    assert 0 <= share.minor <= minor
    assert abs(Fraction(minor * basis_points, 10_000) - share.minor) <= Fraction(1, 2)


@given(minors, st.lists(minors, min_size=1, max_size=20))
def test_the_parts_of_a_split_are_the_total_and_each_is_fair(minor: int, weights: list[int]) -> None:
    if not sum(weights):
        minor = 0
    parts = allocate(Money(minor, "EUR"), [Money(weight, "EUR") for weight in weights])
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(weights) or 1)) < 1
        assert minor > sum(weights) or part.minor <= weight


@given(st.integers(0, 10**6), st.lists(st.integers(1, 10**6), min_size=1, max_size=9))
def test_whole_usdc_cents_are_split_into_whole_cents(cents: int, weights: list[int]) -> None:
    parts = allocate(Money(cents * 10_000, "USDC"), [Money(weight * 10_000, "USDC") for weight in weights])
    assert sum(part.minor for part in parts) == cents * 10_000
    assert all(part.minor % 10_000 == 0 for part in parts)


def test_the_first_of_equals_gets_the_odd_cent() -> None:
    assert [part.minor for part in allocate(Money(100, "EUR"), [Money(1, "EUR")] * 3)] == [34, 33, 33]


def test_usdc_in_whole_cents_keeps_to_cents() -> None:
    assert grain_of(Money(9_990_000, "USDC")) == 10_000
    assert grain_of(Money(9_990_001, "USDC")) == 1
    assert grain_of(Money(1000, "EUR")) == 1


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(["EUR", "JPY", "BHD", "USDC"]))
def test_a_decimal_comes_back_as_the_same_money(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of_decimal(money.decimal, currency) == money


@pytest.mark.parametrize(
    "value", ["0.001", "NaN", "Infinity", "1e999999", "1e-999999", "99999999999999999", "0." + "1" * 90]
)
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        Money.of_decimal(Decimal(value), "EUR")


def test_currencies_are_known_or_refused_by_name() -> None:
    assert known_currency("USDC") == "USDC"
    with pytest.raises(Invalid) as refusal:
        known_currency("EURO")
    assert refusal.value.errors[0].pointer == "/currencyCode"


def test_currencies_never_mix() -> None:
    with pytest.raises(AssertionError):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(AssertionError):
        assert Money(1, "EUR") < Money(1, "USD")


def test_money_is_written_as_people_write_it_with_the_decimals_of_its_currency() -> None:
    assert str(Money(1205, "EUR")) == "12.05 EUR"
    assert str(Money(5, "JPY")) == "5 JPY"
    assert str(Money(1500, "BHD")) == "1.500 BHD"
    usdc = {1: "0.000001", 9_990_000: "9.99", 9_000_000: "9.00", 500_000: "0.50", 1_234_500: "1.2345", 0: "0.00"}
    assert {minor: Money(minor, "USDC").written for minor in usdc} == usdc
    assert str(-Money(9_990_000, "USDC")) == "-9.99 USDC"
