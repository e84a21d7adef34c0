"""The catalog's pure rules."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.catalog.forms import ChangedPrice, UpdateProduct
from purvey.catalog.model import Category, Fulfilment, Interval, Kind, ProductType, Recurring, Terms
from purvey.catalog.naming import Named, numbered, repeated_names
from purvey.catalog.rules import both_kinds, fulfilment_of, kind_of, repeated
from purvey.catalog.search import words_of
from purvey.catalog.views import PriceView, ProductView
from purvey.kit.ids import SLUG_MAX
from purvey.kit.words import plain


@pytest.mark.feature("A2")
@given(st.one_of(st.none(), st.sampled_from(ProductType)), st.one_of(st.none(), st.sampled_from(Category)))
def test_what_is_given_of_type_and_category_stays_and_the_other_follows(
    product_type: ProductType | None, category: Category | None
) -> None:
    found_type, found_category = both_kinds(product_type, category)
    assert product_type in (None, found_type)
    assert category in (None, found_category)
    if product_type is None and category is not None:
        follows = {"digital_art": "ART_PACK", "music": "AUDIO_CONTENT", "ebook": "EBOOK"}
        assert found_type == follows.get(category, "DIGITAL_DOWNLOAD")


@pytest.mark.feature("A26")
@given(st.sampled_from(ProductType))
def test_only_two_types_are_fulfilled_by_hand(product_type: ProductType) -> None:
    by_hand = product_type in (ProductType.MERCHANDISE, ProductType.COMMISSION_SLOT)
    assert (fulfilment_of(product_type) is not Fulfilment.DOWNLOAD) == by_hand


@pytest.mark.feature("C14")
@given(st.lists(st.booleans()))
def test_a_product_is_recurring_when_any_price_is(flags: list[bool]) -> None:
    monthly = Recurring(interval=Interval.MONTH)
    offered = [Terms(amount=1, currency="EUR", recurring=monthly if flag else None) for flag in flags]
    assert (kind_of(offered) is Kind.RECURRING) == any(flags)


@given(st.lists(st.one_of(st.none(), st.sampled_from("abc"))))
def test_every_word_but_the_first_of_its_kind_is_a_repetition(words: list[str | None]) -> None:
    kept = [word for at, word in enumerate(words) if at not in repeated(words) and word is not None]
    assert len(kept) == len(set(kept)) == len(set(words) - {None})


@pytest.mark.feature("C1")
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=6))
def test_each_repeated_id_and_sku_is_named_by_its_place(pairs: list[tuple[str, str]]) -> None:
    errors = repeated_names([Named(f"/prices/{at}", ref, sku) for at, (ref, sku) in enumerate(pairs)])
    expected = sum(len(column) - len(set(column)) for column in zip(*pairs, strict=True)) if pairs else 0
    assert len(errors) == len({error.pointer for error in errors}) == expected


@given(st.from_regex(r"[a-z0-9]{1,60}(-[a-z0-9]{1,39})?", fullmatch=True))
def test_numbered_slugs_are_different_and_never_too_long(base: str) -> None:
    words = list(numbered(base, SLUG_MAX))
    assert words[0] == base
    assert len(set(words)) == len(words)
    assert all(len(word) <= SLUG_MAX and "--" not in word for word in words)


@pytest.mark.feature("A9")
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80))
def test_a_search_quotes_every_word_and_ends_with_a_beginning(text: str) -> None:
    query = words_of(text)
    words = plain(text).split()
    assert (query is None) == (not words)
    if query is not None:
        assert query.endswith("':*")
        assert query.count("'") % 2 == 0
        assert len(query.split(" & ")) >= len(words)


@pytest.mark.feature("A9")
async def test_postgres_takes_every_search(shop: Any) -> None:
    signs = "'\\!&|()<->:* \t\"$%{}[]?;--/*#\u202e\ud7ff\U0001f5fa"
    for text in [signs, *signs, *(f"a{sign}b c{sign}" for sign in signs)]:
        if (query := words_of(text)) is not None:
            await shop.db.value("select to_tsquery('simple', $1)", query)


@pytest.mark.feature("A4")
def test_every_field_of_a_product_as_it_is_read_can_be_sent_back() -> None:

    def words(kind: type[msgspec.Struct]) -> set[str]:
        return set(kind.__struct_encode_fields__)

    assert words(ProductView) <= words(UpdateProduct)
    assert words(PriceView) <= words(ChangedPrice)
