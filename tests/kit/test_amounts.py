"""Amounts as people write and read them: in every currency, what is shown is what is charged."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.kit.amounts import for_people, typed
from purvey.kit.errors import Invalid
from purvey.kit.money import MAX_MINOR, Money, exponents
from purvey.letters.sending import templates
from purvey.web import display

CURRENCIES = sorted(exponents())


@pytest.mark.parametrize("currency", CURRENCIES)
def test_every_digit_of_a_currency_is_shown_on_pages_and_in_letters(currency: str) -> None:
    digits = exponents()[currency]
    shown = for_people(Money(150_050, currency))
    assert int(re.sub(r"[^0-9]", "", shown).rstrip("0")) == 15_005
    if currency != "USDC":
        assert re.fullmatch(r"\D*[0-9,]+" + (rf"\.[0-9]{{{digits}}}" if digits else ""), shown)
    assert display.money(150_050, currency) == shown == templates().filters["money"](Money(150_050, currency))


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (150_050, "RSD", "RSD1,500.50"),
        (1_999, "EUR", "€19.99"),
        (1_500, "JPY", "¥1,500"),
        (1_500, "KWD", "KWD1.500"),
        (1_234_567_890, "USDC", "1,234.56789 USDC"),
        (9_990_000, "USDC", "9.99 USDC"),
        (0, "USDC", "0.00 USDC"),
        (-500, "EUR", "-€5.00"),
    ],
)
def test_amounts_read_as_people_write_them(minor: int, currency: str, shown: str) -> None:
    assert for_people(Money(minor, currency)) == shown


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12,50", "EUR", 1250),
        ("12", "EUR", 1200),
        (" 12.5 ", "EUR", 1250),
        ("0.05", "EUR", 5),
        ("0,050", "EUR", 5),
        ("1000", "EUR", 100_000),
        ("1,000.50", "EUR", 100_050),
        ("1.000,50", "EUR", 100_050),
        ("1 000,50", "EUR", 100_050),
        ("1 000", "EUR", 100_000),
        ("1\u00a0000", "EUR", 100_000),
        ("1\u202f000", "EUR", 100_000),
        ("1'000", "CHF", 100_000),
        ("1\u2019000.05", "CHF", 100_005),
        ("1,000,000", "EUR", 100_000_000),
        ("1.000.000", "EUR", 100_000_000),
        ("€10", "EUR", 1000),
        ("10,00 €", "EUR", 1000),
        ("EUR 10", "EUR", 1000),
        ("10 EUR", "EUR", 1000),
        ("1,000", "KWD", 1000),
        ("1.000", "KWD", 1000),
        ("12.345,678", "KWD", 12_345_678),
        ("1.125", "USDC", 1_125_000),
        ("0.000001", "USDC", 1),
        ("1500", "JPY", 1500),
        ("1 500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
    ],
)
def test_what_can_mean_but_one_thing_is_taken(text: str, currency: str, minor: int) -> None:
    assert typed(text, currency, pointer="/price") == Money(minor, currency)


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "RSD", "USDC"])
@pytest.mark.parametrize("text", ["1,000", "12,500", "999,000", "€1,000", "1,005"])
def test_what_may_be_thousands_or_decimals_is_asked_again(text: str, currency: str) -> None:
    with pytest.raises(Invalid) as refused:
        typed(text.replace("€", "" if currency != "EUR" else "€"), currency, pointer="/price")
    assert (refused.value.errors[0].pointer, refused.value.errors[0].code) == ("/price", "doubtful")
    assert "may mean" in refused.value.detail


@pytest.mark.parametrize("text", ["1.000", "12.500", "19.999"])
@pytest.mark.parametrize("currency", ["EUR", "JPY"])
def test_a_point_is_no_surer_than_a_comma(text: str, currency: str) -> None:
    with pytest.raises(Invalid):
        typed(text, currency, pointer="/price")


@pytest.mark.parametrize(
    "text",
    [
        ",5", ".5", "5.", "5,", "1e3", "1E3", "\u0661\u0662\u066b\u0665\u0660", "\uff11\uff12",
        "twelve", "-5", "+5", "$10", "10 USD", "1,00,000",
        "10,00,00", "1 00", "1  000", "1,000 000", "12.50.00", "0x10", "Infinity", "NaN", "1_000", "1/2",
        "5%", "€", "9" * 41,
        "12.505.5", "10.123", "10.1234", "9" * 20,
    ],
)  # fmt: skip
def test_what_is_no_amount_is_asked_again_by_its_name(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        typed(text, "EUR", pointer="/price")
    assert [error.pointer for error in refused.value.errors] == ["/price"]


@given(st.integers(0, MAX_MINOR), st.sampled_from(CURRENCIES))
def test_what_a_form_shows_is_read_back_as_it_was(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert typed(display.plain_amount(minor, currency), currency, pointer="/price") == money


@given(st.integers(0, MAX_MINOR), st.sampled_from(CURRENCIES))
def test_what_is_shown_to_people_is_read_as_that_or_asked_again(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    try:
        assert typed(for_people(money), currency, pointer="/price") == money
    except Invalid as refused:
        assert refused.errors[0].code == "doubtful"


@given(st.text(max_size=50), st.sampled_from(CURRENCIES))
def test_whatever_is_typed_is_an_amount_or_a_refusal(text: str, currency: str) -> None:
    try:
        assert typed(text, currency, pointer="/price").minor >= 0
    except Invalid as refused:
        assert refused.errors[0].pointer == "/price"
