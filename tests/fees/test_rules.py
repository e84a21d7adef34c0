"""What the platform takes, and what a fee that was paid is good for."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.fees import (
    CREDIT_LIFE,
    FEE_LIFE,
    Credit,
    CreditState,
    FeeMissing,
    FeeTooSmall,
    FeeUsed,
    FeeVanished,
    Rates,
    fee_of,
)
from purvey.fees.rules import owed_of, refuse_unfit
from purvey.kit.errors import Refusal
from purvey.kit.money import Money

FIVE = Rates(500, 10_000)


def usdc(text: str) -> Money:
    from decimal import Decimal

    return Money.of_decimal(Decimal(text), "USDC")


@pytest.mark.feature("B6")
@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        ("9.99", "0.50"),  # 0.4995, half-even to the cent
        ("9.90", "0.50"),  # 0.495 lies between 0.49 and 0.50: the even one
        ("9.70", "0.48"),  # 0.485 as well
        ("100", "5"),
        ("0.05", "0.01"),  # the minimum
        ("0", "0.01"),
        ("1.234567", "0.061728"),
    ],
)
def test_the_fee_is_a_share_in_the_amounts_own_grain_and_at_least_the_minimum(amount: str, fee: str) -> None:
    assert fee_of(usdc(amount), FIVE) == usdc(fee)


@given(st.integers(0, 10**15), st.integers(0, 10_000), st.integers(0, 10**7))
def test_a_fee_is_never_below_the_minimum_nor_above_the_amount_and_the_minimum(
    amount: int, bps: int, minimum: int
) -> None:
    fee = fee_of(Money(amount, "USDC"), Rates(bps, minimum)).minor
    assert minimum <= fee <= max(amount, minimum)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10_000))
def test_a_dearer_purchase_of_whole_cents_never_has_a_smaller_fee(one: int, more: int, bps: int) -> None:
    low, high = Money(one * 10_000, "USDC"), Money((one + more) * 10_000, "USDC")
    assert fee_of(low, Rates(bps, 0)) <= fee_of(high, Rates(bps, 0))


def credit(state: CreditState = CreditState.UNUSED, *, amount: str = "0.50", vanished: bool = False) -> Credit:
    now = datetime.now(UTC)
    return Credit(
        id=UUID(int=1), payer="0x" + "a" * 40, network="eip155:84532", amount=usdc(amount).minor, bps=FIVE.bps,
        minimum=FIVE.minimum, state=state, tx_hash="0x" + "b" * 64, purchase_id=None, returned_by=None,
        created_at=now, paid_at=now, vanished_at=now if vanished else None,
    )  # fmt: skip


@pytest.mark.feature("B7")
@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (None, FeeMissing),
        (credit(CreditState.FAILED), FeeMissing),
        (credit(CreditState.PENDING), FeeMissing),
        (credit(CreditState.HELD), FeeUsed),
        (credit(CreditState.USED), FeeUsed),
        (credit(CreditState.RETURNED), FeeUsed),
        (credit(amount="0.49"), FeeTooSmall),
        (credit(vanished=True), FeeVanished),
    ],
)
def test_a_fee_that_does_not_fit_is_refused_and_the_field_is_named(
    given: Credit | None, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as refused:
        refuse_unfit(given, usdc("9.99"))
    [fault] = refused.value.errors
    assert (fault.pointer, fault.detail) == ("/platform_fee_tx", refused.value.detail)


@pytest.mark.feature("B7")
@pytest.mark.parametrize(
    ("amount", "owed"), [("0", "0"), ("0.005", "0.005"), ("0.01", "0.01"), ("0.05", "0.01"), ("9.99", "0.50")]
)
def test_what_a_seller_owes_for_a_sale_is_never_more_than_it_brought_and_a_gift_costs_nothing(
    amount: str, owed: str
) -> None:
    assert owed_of(usdc(amount), FIVE) == usdc(owed)


def test_a_fee_covers_any_purchase_up_to_what_it_was_paid_for() -> None:
    fee = credit()
    for amount in ("0", "5", "9.99"):
        assert refuse_unfit(fee, usdc(amount)) is fee


def test_no_state_of_a_fee_is_a_trap() -> None:
    assert CREDIT_LIFE.endings() == {"USED", "RETURNED"}
    assert FEE_LIFE.endings() == {"COVERED", "PAID"}
