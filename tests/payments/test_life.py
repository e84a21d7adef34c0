"""The tables of a payment's and a refund's life, tried against every pair of state and happening."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.kit.ids import new_id
from purvey.kit.life import ImpossibleMove
from purvey.kit.money import Money
from purvey.payments import (
    LIFE,
    MONEY_CAME,
    PAID,
    REFUND_LIFE,
    Happening,
    Payment,
    RefundHappening,
    RefundStatus,
    Standing,
    State,
    Status,
)
from purvey.payments.rules import happenings, next_ask

S, H = Status, Happening
NOW = datetime(2030, 1, 1, tzinfo=UTC)
OPEN = {S.PENDING, S.PROCESSING, S.REQUIRES_ACTION}
# What may follow what, in the words of the rulings, apart from the table itself.
FOLLOWS = {
    S.PENDING: {S.PROCESSING, S.REQUIRES_ACTION, S.SUCCEEDED, S.FAILED, S.EXPIRED, S.CANCELLED, S.ON_HOLD},
    S.PROCESSING: {S.REQUIRES_ACTION, S.SUCCEEDED, S.FAILED, S.EXPIRED, S.CANCELLED, S.ON_HOLD},
    S.REQUIRES_ACTION: {S.PROCESSING, S.SUCCEEDED, S.FAILED, S.EXPIRED, S.CANCELLED, S.ON_HOLD},
    S.FAILED: {S.PROCESSING},
    S.EXPIRED: {S.SUCCEEDED, S.ON_HOLD},
    S.CANCELLED: {S.SUCCEEDED, S.ON_HOLD},
    S.ON_HOLD: {S.SUCCEEDED, S.REFUNDED, S.DISPUTED, S.CHARGEBACK_LOST, S.ON_HOLD},
    S.SUCCEEDED: {S.PARTIALLY_REFUNDED, S.REFUNDED, S.DISPUTED, S.ON_HOLD},
    S.PARTIALLY_REFUNDED: {S.PARTIALLY_REFUNDED, S.REFUNDED, S.SUCCEEDED, S.DISPUTED, S.ON_HOLD},
    S.DISPUTED: {S.DISPUTED, S.CHARGEBACK_WON, S.CHARGEBACK_LOST, S.REFUNDED},
    S.CHARGEBACK_WON: {
        S.CHARGEBACK_WON, S.CHARGEBACK_LOST, S.PARTIALLY_REFUNDED, S.REFUNDED, S.DISPUTED, S.ON_HOLD,
    },
    S.CHARGEBACK_LOST: {S.CHARGEBACK_LOST},
    S.REFUNDED: {S.REFUNDED, S.ON_HOLD},
}  # fmt: skip


@pytest.mark.feature("A21")
def test_there_are_thirteen_statuses_and_each_has_its_rows() -> None:
    assert len(Status) == 13
    assert set(FOLLOWS) == set(Status)
    assert {status: {LIFE.moves[key] for key in LIFE.moves if key[0] is status} for status in Status} == FOLLOWS


@pytest.mark.feature("A21")
@pytest.mark.parametrize(("status", "happening"), list(product(Status, Happening)))
def test_whatever_the_table_does_not_say_is_refused(status: Status, happening: Happening) -> None:
    if LIFE.allows(status, happening):
        after = LIFE.after(status, happening)
        assert after in FOLLOWS[status]
        if happening is H.MONEY_CAME:
            assert after is S.SUCCEEDED
        if status in MONEY_CAME:
            assert after not in OPEN | {S.FAILED, S.EXPIRED, S.CANCELLED}, "money that came is not forgotten"
    else:
        with pytest.raises(ImpossibleMove):
            LIFE.after(status, happening)


@pytest.mark.feature("A22")
@pytest.mark.parametrize(("status", "happening"), list(product(RefundStatus, RefundHappening)))
def test_a_refund_goes_one_way(status: RefundStatus, happening: RefundHappening) -> None:
    order = [RefundStatus.REQUESTED, RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.SUCCEEDED]
    if REFUND_LIFE.allows(status, happening):
        after = REFUND_LIFE.after(status, happening)
        assert after is RefundStatus.FAILED or order.index(after) == order.index(status) + 1
    else:
        with pytest.raises(ImpossibleMove):
            REFUND_LIFE.after(status, happening)
    assert status is not RefundStatus.FAILED or not REFUND_LIFE.allows(status, happening)
    assert status is not RefundStatus.SUCCEEDED or REFUND_LIFE.allows(status, happening) is (
        happening is RefundHappening.FAILED
    ), "a bank may send back what had arrived"


def a_payment(status: Status) -> Payment:
    return Payment(
        id=new_id(), tenant_id=UUID(int=1), subject_type="purchase", subject_id=UUID(int=2), payer_id=UUID(int=3),
        type="ONE_TIME_PURCHASE", provider="testbank", amount=1200, currency="EUR", status=status, checkout_url=None,
        checkout_reference=None, reference=None, expires_at=NOW, asked_times=0, closed_at=None,
        paid_at=NOW if status in MONEY_CAME else None, refunded_amount=0, refunding_amount=0, dispute_open=False,
        failure=None, version=1, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


@pytest.mark.feature("A21")
@pytest.mark.parametrize(("status", "state"), list(product(Status, State)))
def test_whatever_a_gateway_says_is_a_way_through_the_table_or_nothing(status: Status, state: State) -> None:
    standing = Standing(state=state, paid=Money(1200, "EUR") if state is State.PAID else None)
    found = happenings(a_payment(status), standing)
    after = status
    for happening in found:
        after = LIFE.after(after, happening)
    if state is State.PAID and status not in MONEY_CAME:
        assert after is S.SUCCEEDED, "money is never ignored"
    if status in PAID | {S.REFUNDED, S.CHARGEBACK_LOST, S.DISPUTED}:
        assert found == [], "an old word of the gateway changes nothing"


@pytest.mark.feature("A21")
@given(st.sampled_from([status for status in Status if status not in MONEY_CAME]), st.integers(0, 10**15))
def test_only_the_sum_that_was_asked_for_is_success(status: Status, paid: int) -> None:
    found = happenings(a_payment(status), Standing(state=State.PAID, paid=Money(paid, "EUR")))
    after = status
    for happening in found:
        after = LIFE.after(after, happening)
    assert after is (S.SUCCEEDED if paid == 1200 else S.ON_HOLD)


@given(st.integers(0, 200), st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=1)))
def test_asking_again_comes_later_each_time_but_not_after_the_deadline(times: int, left: timedelta) -> None:
    sooner, later = next_ask(now=NOW, asked_times=times), next_ask(now=NOW, asked_times=times + 1)
    assert NOW < sooner <= later <= NOW + timedelta(hours=1)
    assert NOW < next_ask(now=NOW, asked_times=times, expires_at=NOW + left) <= NOW + left
