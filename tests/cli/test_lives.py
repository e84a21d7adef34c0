"""The lives that the documents draw are the lives that the code lives by."""

from pathlib import Path

import pytest

from purvey import payments, purchases
from purvey.payments import x402

DRAWN = (Path(__file__).parents[2] / "docs" / "lives.md").read_text()


@pytest.mark.feature("A21")
@pytest.mark.parametrize(
    "life", [payments.LIFE, payments.REFUND_LIFE, x402.LIFE, purchases.FULFILMENT_LIFE], ids=lambda one: one.name
)
def test_the_drawing_is_of_the_table(life) -> None:  # type: ignore[no-untyped-def]
    assert life.mermaid() in DRAWN
