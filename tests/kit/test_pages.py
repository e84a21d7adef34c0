"""A list is read in pages of a stable order."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.kit.errors import Invalid, Malformed
from purvey.kit.pages import DEPTH_MAX, Asked, Order, asked, page_of, read_cursor
from purvey.kit.times import EARLIEST, LATEST

ORDER = Order[tuple[Any, ...]](
    "all", sql=("a", "b", "c", "d", "id"), kinds=(bool, int, str, datetime, UUID), place=lambda row: row
)
ROWS = st.tuples(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_characters="\x00")),
    st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC)),
    st.uuids(),
)


@given(rows=st.lists(ROWS, max_size=8), per_page=st.integers(1, 5))
def test_a_cursor_brings_back_the_very_place_of_the_last_row(rows: list[tuple[Any, ...]], per_page: int) -> None:
    page = page_of(rows[: per_page + 1], lambda row: row, asked=Asked(per_page=per_page), order=ORDER)
    assert page.data == rows[:per_page]
    assert (page.next_cursor is None) == (len(rows) <= per_page)
    if page.next_cursor is not None:
        assert read_cursor(page.next_cursor, ORDER) == (2, rows[per_page - 1])
        assert Asked(cursor=page.next_cursor).place(ORDER) == rows[per_page - 1]


@given(text=st.text(max_size=50))
def test_what_is_no_cursor_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_cursor(text, ORDER)
    assert refused.value.errors[0].pointer == "query:cursor"


def test_an_order_is_one_row_comparison_that_begins_before_every_row() -> None:
    up = Order[Any]("up", sql=("n", "id"), kinds=(int, UUID), place=lambda row: row)
    down = Order[Any]("down", sql=("n", "id"), kinds=(int, UUID), place=lambda row: row, descending=True)
    assert up.beyond(4) == "(n, id) > ($4::bigint, $5::uuid)"
    assert down.beyond(1) == "(n, id) < ($1::bigint, $2::uuid)"
    assert (up.by, down.by) == ("n, id", "n desc, id desc")
    assert up.start == (-(2**63), UUID(int=0))
    assert down.start == (2**63 - 1, UUID(int=2**128 - 1))


def test_a_number_goes_so_deep_and_a_cursor_deeper() -> None:
    assert asked(DEPTH_MAX // 20, 20).offset == DEPTH_MAX - 20
    with pytest.raises(Invalid):
        asked(DEPTH_MAX // 20 + 1, 20)
    assert asked(10_000, 100, "cursor").offset == 0
