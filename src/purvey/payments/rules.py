"""What a gateway's word means for a payment. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from purvey.payments.gateway import RefundStanding, Standing, State
from purvey.payments.model import (
    LIFE,
    REFUND_LIFE,
    Dispute,
    DisputeStatus,
    Happening,
    Payment,
    Refund,
    RefundHappening,
    Status,
)

H, G = Happening, RefundHappening
CLOSED = {State.PAID, State.FAILED, State.EXPIRED}  # nothing more can be paid at the checkout
FIRST_ASK = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


def happenings(payment: Payment, standing: Standing, *, called_off: bool = False) -> list[Happening]:
    """What must have happened to a payment that its gateway says stands so.

    Nothing, when it is known already or the gateway's word is older than what we know. `called_off`:
    somebody closed the checkout before its time.
    """
    status, found = payment.status, []
    for happening in told(payment, standing, called_off=called_off):
        if not LIFE.allows(status, happening):
            return []
        status = LIFE.after(status, happening)
        found.append(happening)
    return found


def told(payment: Payment, standing: Standing, *, called_off: bool) -> Sequence[Happening]:
    """The way from the payment's status to what the gateway says, if there is one."""
    again = [H.TRIED] if payment.status is Status.FAILED else []
    match standing.state:
        case State.PROCESSING:
            return [H.TRIED]
        case State.REQUIRES_ACTION:
            return [*again, H.ACTION_ASKED]
        case State.PAID if payment.paid_at is None:
            return [*again, *([H.PUT_ON_HOLD] if wrong_money(payment, standing) else came(payment, H.MONEY_CAME))]
        case State.DECLINED | State.FAILED:
            return [H.DECLINED]
        case State.EXPIRED:
            return [H.CALLED_OFF if called_off else H.TIME_RAN_OUT]
        case _:
            return []


def came(payment: Payment, how: Happening) -> Sequence[Happening]:
    """The money is here. Part of it may have gone back while the payment was on hold."""
    return [how, H.PART_WENT_BACK] if payment.refunded_amount else [how]


def why_not_released(payment: Payment, disputes: Sequence[Dispute]) -> str | None:
    """What has to come first before somebody may release a payment that is on hold, or None."""
    if payment.status is not Status.ON_HOLD:
        return f"This payment is {payment.status}; only one that is ON_HOLD can be released"
    if payment.dispute_open:
        return "Its payer disputes this payment; it can be released when the bank has decided"
    if any(dispute.status is DisputeStatus.LOST for dispute in disputes):
        return "This money was lost in a dispute; there is nothing to release"
    if not payment.refundable:
        return "All of this money is on its way back; there is nothing to release"
    return None


def wrong_money(payment: Payment, standing: Standing) -> str | None:
    """Why the money that came is not the money that was asked for, or None."""
    if standing.state is not State.PAID or standing.paid is None or standing.paid == payment.money:
        return None
    return f"{standing.paid} came instead of {payment.money}"


def refund_happenings(refund: Refund, standing: RefundStanding) -> list[RefundHappening]:
    """What must have happened to a refund that its gateway says stands so; nothing when it is known."""
    way = {"pending": [G.SENT], "succeeded": [G.SENT, G.ARRIVED], "failed": [G.FAILED]}[standing.state]
    status, found = refund.status, []
    for happening in way:
        if REFUND_LIFE.allows(status, happening):
            status = REFUND_LIFE.after(status, happening)
            found.append(happening)
    return found


def next_ask(*, now: datetime, asked_times: int, expires_at: datetime | None = None) -> datetime:
    """When to ask the gateway again: later each time, but at the deadline in any case."""
    wait: timedelta = min(FIRST_ASK * float(2 ** min(asked_times, 10)), LONGEST_WAIT)
    return min(now + wait, expires_at) if expires_at and expires_at > now else now + wait
