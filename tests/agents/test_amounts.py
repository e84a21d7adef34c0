"""An amount of USDC is the same number on the wire and inside, to the last millionth."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.agents.amounts import WHOLE, Usdc, shown
from purvey.agents.http import decoder
from purvey.kit.money import MAX_MINOR


class Form(msgspec.Struct):
    price: Usdc
    tip: Usdc | msgspec.UnsetType | None = msgspec.UNSET


def read(number: str) -> int:
    form: Form = decoder(Form).decode(f'{{"price": {number}}}'.encode())
    return form.price.minor


@pytest.mark.feature("B3")
@given(st.integers(0, MAX_MINOR))
def test_every_amount_comes_back_as_it_went(minor: int) -> None:
    written = msgspec.json.encode(shown(minor)).decode()
    assert Decimal(written) * WHOLE == minor
    assert read(written) == minor


@pytest.mark.parametrize(
    ("number", "minor"),
    [("9.99", 9_990_000), ("2.00", 2_000_000), ("2", 2_000_000), ("0.000001", 1), ("1e-6", 1), ("0", 0),
     ("1e9", 10**15), ("9.9900000000000000000000", 9_990_000), ("999999999.999999", 10**15 - 1)],
)  # fmt: skip
def test_a_number_is_read_as_it_is_written(number: str, minor: int) -> None:
    assert read(number) == minor


@pytest.mark.parametrize(
    "number",
    ["0.0000001", "9.9900000000000000001", "-1", "-0.0", "1e400", "1e-400", "1e999999999999999999999", "9" * 5_000,
     "1000000000.000001", '"9.99"', "true", "[]", "{}", "null"],
)  # fmt: skip
def test_what_is_no_amount_is_refused_by_its_field(number: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.price`"):
        read(number)


def test_nan_is_no_json() -> None:
    with pytest.raises(msgspec.DecodeError):
        read("NaN")
