"""Amounts as people write them and read them: what is shown is what is charged, and what is in doubt is asked again."""

import re
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, format_decimal, get_currency_symbol

from purvey.kit.errors import Invalid
from purvey.kit.money import USDC, Money, exponents

LOCALE = "en"
AT_HAND = 4096
MOST_LETTERS = 40
PLAIN = re.compile(r"(?P<whole>[0-9]+)((?P<point>[.,])(?P<part>[0-9]+))?")
IN_THREES = re.compile(
    r"(?P<whole>[0-9]{1,3}(?P<between>[ \u00a0\u2009\u202f'\u2019.,])[0-9]{3}((?P=between)[0-9]{3})*)"
    r"((?!(?P=between))(?P<point>[.,])(?P<part>[0-9]+))?"
)


@lru_cache(AT_HAND)
def for_people(money: Money) -> str:
    """An amount such as €12.00, with all the digits of its currency, some of which a locale leaves out; 9.99 USDC."""
    part = money.written.partition(".")[2]
    digits = "#,##0" + ("." + "0" * len(part) if part else "")
    if money.currency == USDC:
        return f"{format_decimal(money.decimal, format=digits, locale=LOCALE)} {USDC}"
    return format_currency(money.decimal, money.currency, format=f"¤{digits}", locale=LOCALE, currency_digits=False)


def typed(text: str, currency: str, *, pointer: str) -> Money:
    """What somebody typed as an amount of a currency. Invalid names the field, for what may mean two things too."""
    bare = without_sign(text.strip(), currency)[:MOST_LETTERS]
    found = PLAIN.fullmatch(bare) or IN_THREES.fullmatch(bare)
    if found is None:
        example = Money.of_decimal(Decimal(12), currency).written
        raise Invalid.field(pointer, f"Give an amount in {currency}, such as {example}")
    whole, part = re.sub("[^0-9]", "", found["whole"]), found["part"] or ""
    if found.re is PLAIN and is_doubtful(whole, part, point=found["point"], digits=exponents()[currency]):
        few, many = f"{whole}.{part}".rstrip("0").rstrip("."), whole + part
        raise Invalid.field(pointer, f"{bare} may mean {few} or {many}: write {few} or {many}", code="doubtful")
    try:
        return Money.of_decimal(Decimal(f"{whole}.{part}"), currency)
    except Invalid as no:
        raise Invalid.field(pointer, no.detail) from None


def is_doubtful(whole: str, part: str, *, point: str | None, digits: int) -> bool:
    """Whether `1,000` may be a thousand: not where amounts have three decimals, nor where more and a point is used."""
    may_be_thousands = len(part) == 3 and len(whole) <= 3 and not whole.startswith("0")
    return may_be_thousands and not (digits == 3 or (digits > 3 and point == "."))


def without_sign(text: str, currency: str) -> str:
    """The number alone, without the currency's own code or sign before or behind it."""
    for sign in (currency, get_currency_symbol(currency, locale=LOCALE)):
        text = text.removeprefix(sign).removesuffix(sign).strip()
    return text
