"""Money as Stripe counts it."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from purvey.kit.money import COARSE, Money, exponents
from purvey.payments.stripe.units import NotSoFine, digits, from_stripe, takes, to_stripe

TAKEN = sorted(code for code in exponents() if takes(code))


@pytest.mark.parametrize(
    ("money", "units"),
    [
        (Money(999, "EUR"), 999),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),
        (Money(5, "UGX"), 500),
        (Money(5120, "KWD"), 5120),
        (Money(1045, "HUF"), 1045),
        (Money(500, "MGA"), 5),
    ],
)
def test_each_currency_is_counted_as_stripe_counts_it(money: Money, units: int) -> None:
    assert to_stripe(money) == units
    assert from_stripe(units, money.currency.lower()) == money


@pytest.mark.parametrize("money", [Money(5124, "KWD"), Money(550, "MGA"), Money(1_000_000, "USDC"), Money(1, "IQD")])
def test_an_amount_that_stripe_cannot_take_exactly_is_refused(money: Money) -> None:
    with pytest.raises(NotSoFine):
        to_stripe(money)


@pytest.mark.parametrize("currency", ["USDC", "IQD", "LYD", "CLF", "UYI", "XYZ"])
def test_a_currency_outside_stripe_is_not_for_sale(currency: str) -> None:
    assert not takes(currency)


@pytest.mark.parametrize("currency", TAKEN)
def test_stripe_charges_every_amount_that_prices_keep_to_and_no_finer_one(currency: str) -> None:
    step = COARSE.get(currency, 1)
    for count in range(1, 200):
        to_stripe(Money(count * step, currency))
    for odd in range(1, step):
        with pytest.raises(NotSoFine):
            to_stripe(Money(100 * step + odd, currency))


@given(some.sampled_from(TAKEN), some.integers(min_value=0, max_value=10**12))
def test_whatever_is_taken_comes_back_the_same(currency: str, minor: int) -> None:
    money = Money(minor, currency)
    try:
        units = to_stripe(money)
    except NotSoFine:
        assert currency == "MGA" or digits(currency) == 3
        return
    assert from_stripe(units, currency) == money
