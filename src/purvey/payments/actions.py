"""What can be done with money. Verbs taking `tx` join the caller's transaction; none calls a gateway."""

from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from purvey.kit.db import Tx
from purvey.kit.errors import Conflict
from purvey.kit.events import publish
from purvey.kit.money import Money
from purvey.payments import refund_store, rules, store
from purvey.payments.events import PaymentMoved, RefundStrayed
from purvey.payments.gateway import DisputeStanding, RefundStanding, Standing
from purvey.payments.model import (
    LIFE,
    PAID,
    REFUND_LIFE,
    DisputeStatus,
    Happening,
    Payment,
    Refund,
    RefundStatus,
    Status,
    Step,
    Told,
)

log = structlog.get_logger("purvey.payments")
AT_THE_GATEWAY = "made at the gateway"
THE_BANK_DECIDES = "The buyer's bank decides over this money, or has taken it"
CAME_BACK = "A refund of it came back from the buyer's bank"


class NotReleasable(Conflict):
    """It is not on hold, or something else has to come first."""

    code = "not_releasable"


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway's word changed: the payment before and after, and the refunds that arrived or failed."""

    before: Payment
    after: Payment
    refunds: tuple[Refund, ...] = ()

    @property
    def at(self) -> datetime:
        return self.after.updated_at

    @property
    def moved(self) -> bool:
        return self.before.version != self.after.version

    @property
    def money_came(self) -> bool:
        """Whether it is by this that the money is here, and was not sent back already."""
        gone = self.after.status in {Status.REFUNDED, Status.CHARGEBACK_LOST}
        return self.before.paid_at is None and self.after.paid_at is not None and not gone

    @property
    def closed(self) -> bool:
        """Whether it is by this that the checkout is over."""
        return self.before.closed_at is None and self.after.closed_at is not None


async def begin(
    tx: Tx,
    *,
    id: UUID,
    tenant_id: UUID,
    subject_type: str,
    subject_id: UUID,
    payer_id: UUID,
    provider: str,
    money: Money,
    expires_at: datetime,
    account: str | None = None,
    now: datetime,
) -> Payment:
    """Somebody owes this from now on. `account`: the seller's, at a provider where they have some."""
    return await store.insert(
        tx,
        id=id,
        tenant_id=tenant_id,
        subject_type=subject_type,
        subject_id=subject_id,
        payer_id=payer_id,
        provider=provider,
        amount=money.minor,
        currency=money.currency,
        expires_at=expires_at,
        ask_at=rules.next_ask(now=now, asked_times=0, expires_at=expires_at),
        account=account,
        now=now,
    )


async def apply(
    tx: Tx, payment_id: UUID, standing: Standing, *, actor: str, now: datetime, called_off: bool = False
) -> Applied:
    """Make a payment what its gateway says it is. What is known already, or older than that, changes nothing.

    The payment is locked until the transaction ends. `called_off`: the checkout was closed on purpose.
    """
    before = await store.lock(tx, payment_id)
    now = before.since(now)
    wrong = rules.wrong_money(before, standing)
    course = Course(before)
    for happening in rules.happenings(before, standing, called_off=called_off):
        course.move(happening)
    course.payment = noted(course.payment, standing, wrong=wrong, now=now)
    decided = [await apply_refund(tx, course, refund, now=now) for refund in standing.refunds]
    for dispute in standing.disputes:
        await apply_dispute(tx, course, dispute, now=now)
    after = msgspec.structs.replace(course.payment, updated_at=now)
    if course.moves or msgspec.structs.replace(after, updated_at=before.updated_at) != before:
        reason = wrong or standing.failure
        await store.save(tx, before, after, course.moves, actor=actor, reason=reason)
        tell(tx, before, after, reason=reason, now=now)
    return Applied(before=before, after=after, refunds=tuple(refund for refund in decided if refund))


async def put_on_hold(tx: Tx, payment_id: UUID, *, reason: str, now: datetime) -> Payment:
    """Nothing more happens to a payment by itself: somebody has to decide; ImpossibleMove."""
    before = await store.lock(tx, payment_id)
    now = before.since(now)
    course = Course(before)
    course.move(Happening.PUT_ON_HOLD)
    after = msgspec.structs.replace(course.payment, failure=reason, updated_at=now)
    await store.save(tx, before, after, course.moves, actor="purvey", reason=reason)
    tell(tx, before, after, reason=reason, now=now)
    return after


async def release(tx: Tx, payment_id: UUID, *, actor: str, reason: str, now: datetime) -> Applied:
    """Somebody decided that the money of a payment on hold is here and in order; NotReleasable."""
    before = await store.lock(tx, payment_id)
    why_not = rules.why_not_released(before, await refund_store.disputes_of(tx, payment_id))
    if why_not is not None:
        raise NotReleasable(why_not, extra={"paymentStatus": before.status})
    now = before.since(now)
    course = Course(before)
    for happening in rules.came(before, Happening.RELEASED):
        course.move(happening)
    after = msgspec.structs.replace(course.payment, failure=None, paid_at=before.paid_at or now, updated_at=now)
    await store.save(tx, before, after, course.moves, actor=actor, reason=reason)
    tell(tx, before, after, reason=reason, now=now)
    return Applied(before=before, after=after)


class Course:
    """A payment on its way through its life, and each of its steps."""

    def __init__(self, payment: Payment) -> None:
        self.payment = payment
        self.moves: list[Step] = []

    def move(self, happening: Happening, detail: Told | None = None) -> None:
        """One step; ImpossibleMove where the table is silent. `detail`: the refund or dispute that made it."""
        before = self.payment.status
        after = LIFE.after(before, happening)
        self.moves.append(Step(self.payment.version, before, happening, after, detail))
        self.payment = msgspec.structs.replace(self.payment, status=after, version=self.payment.version + 1)

    @property
    def last_disputed_from(self) -> Status | None:
        """What it was before the dispute that began in this course, or None."""
        began = [step.before for step in self.moves if step.after is Status.DISPUTED is not step.before]
        return began[-1] if began else None


def noted(payment: Payment, standing: Standing, *, wrong: str | None, now: datetime) -> Payment:
    """The payment with what the gateway calls it, why it failed, when it was paid, when its checkout ended."""
    closes = standing.state in rules.CLOSED and payment.closed_at is None
    paid = payment.status in PAID and payment.paid_at is None
    return msgspec.structs.replace(
        payment,
        checkout_reference=payment.checkout_reference or standing.checkout_reference,
        reference=payment.reference or standing.reference,
        failure=wrong or standing.failure or payment.failure,
        closed_at=now if closes else payment.closed_at,
        paid_at=now if paid else payment.paid_at,
    )


async def apply_refund(tx: Tx, course: Course, standing: RefundStanding, *, now: datetime) -> Refund | None:
    """Move one refund, and the payment with its money; the refund when it arrived or failed by this."""
    refund = await refund_store.refund_of(
        tx, course.payment.id, refund_id=standing.refund_id, reference=standing.reference
    ) or await adopted(tx, course, standing, now=now)
    happenings = rules.refund_happenings(refund, standing) if refund else []
    if refund is None or not happenings:
        return None
    had_arrived = refund.status is RefundStatus.SUCCEEDED
    for happening in happenings:
        refund = msgspec.structs.replace(refund, status=REFUND_LIFE.after(refund.status, happening))
    refund = msgspec.structs.replace(
        refund, reference=standing.reference or refund.reference, failure=standing.failure, updated_at=now
    )
    told = await refund_store.save_refund(tx, refund)
    match refund.status:
        case RefundStatus.SUCCEEDED:
            course.payment = gone_back(course.payment, reserved=refund.amount, arrived=refund.amount)
            whole = course.payment.refunded_amount == course.payment.amount
            course.move(Happening.ALL_WENT_BACK if whole else Happening.PART_WENT_BACK, told)
        case RefundStatus.FAILED if had_arrived:
            course.payment = gone_back(course.payment, reserved=0, arrived=-refund.amount)
            some = course.payment.refunded_amount > 0
            course.move(Happening.SOME_CAME_BACK if some else Happening.ALL_CAME_BACK, told)
            if course.payment.status is Status.ON_HOLD:
                course.payment = msgspec.structs.replace(course.payment, failure=course.payment.failure or CAME_BACK)
        case RefundStatus.FAILED:
            course.payment = gone_back(course.payment, reserved=refund.amount, arrived=0)
        case _:
            return None
    return refund


async def adopted(tx: Tx, course: Course, standing: RefundStanding, *, now: datetime) -> Refund | None:
    """A refund that was made at the gateway itself; None when it failed, or has strayed: is more than is left."""
    if standing.state == "failed":
        await refund_store.forget_stray(tx, course.payment.id, standing.reference)
        return None
    if standing.amount.minor > course.payment.refundable:
        await make_room(tx, course, now=now)
    if standing.amount.minor > course.payment.refundable or standing.amount.currency != course.payment.currency:
        await tell_of_stray(tx, course.payment, standing, now=now)
        return None
    refund = await refund_store.open_refund(
        tx,
        course.payment.id,
        amount=standing.amount.minor,
        reason=AT_THE_GATEWAY,
        status=RefundStatus.SENT,
        requested_by=None,
        reference=standing.reference,
        from_statuses=None,
        ask_at=rules.next_ask(now=now, asked_times=0),
        now=now,
    )
    if refund is not None:
        course.payment = gone_back(course.payment, reserved=-refund.amount, arrived=0)
        await refund_store.forget_stray(tx, course.payment.id, standing.reference)
    return refund


async def tell_of_stray(tx: Tx, payment: Payment, standing: RefundStanding, *, now: datetime) -> None:
    """Once: it may find its place yet, when another refund that is on its way fails for it."""
    if await refund_store.see_stray(tx, payment.id, standing, now=now):
        log.warning(
            "the gateway sent back more than is left of the payment",
            payment=str(payment.id), refund=standing.reference, sent=str(standing.amount), left=payment.refundable,
        )  # fmt: skip
        publish(
            tx,
            RefundStrayed(subject_id=payment.id, tenant_id=payment.tenant_id, at=now, reference=standing.reference),
        )


async def make_room(tx: Tx, course: Course, *, now: datetime) -> None:
    """What is only set aside cannot go back any more: its money went back at the gateway itself."""
    await free_waiting(tx, course, failure=AT_THE_GATEWAY, also_let_go=False, now=now)


async def free_waiting(tx: Tx, course: Course, *, failure: str, also_let_go: bool, now: datetime) -> None:
    freed = await refund_store.turn_down_waiting(
        tx, course.payment.id, failure=failure, also_let_go=also_let_go, now=now
    )
    course.payment = gone_back(course.payment, reserved=freed, arrived=0)


def gone_back(payment: Payment, *, reserved: int, arrived: int) -> Payment:
    return msgspec.structs.replace(
        payment,
        refunding_amount=payment.refunding_amount - reserved,
        refunded_amount=payment.refunded_amount + arrived,
    )


async def apply_dispute(tx: Tx, course: Course, standing: DisputeStanding, *, now: datetime) -> None:
    """Move one dispute, and the payment with it; what was set aside of its money, and not begun to be sent, is free."""
    known = {each.reference: each.status for each in await refund_store.disputes_of(tx, course.payment.id)}
    before, after = known.get(standing.reference), DisputeStatus(standing.state.upper())
    if before is after or before in {DisputeStatus.WON, DisputeStatus.LOST}:
        return
    told = await refund_store.save_dispute(tx, course.payment, standing, now=now)
    if before is None:
        course.move(Happening.DISPUTED, told)
    if after is DisputeStatus.WON:
        await win_dispute(tx, course, told)
    elif after is DisputeStatus.LOST:
        course.move(Happening.DISPUTE_LOST, told)
    others = [status for reference, status in known.items() if reference != standing.reference]
    is_open = DisputeStatus.OPEN in [*others, after]
    course.payment = msgspec.structs.replace(course.payment, dispute_open=is_open)
    if not course.payment.gives_back:
        await free_waiting(tx, course, failure=THE_BANK_DECIDES, also_let_go=True, now=now)


async def win_dispute(tx: Tx, course: Course, told: Told) -> None:
    """What was true before is true again: also that somebody has to decide (ruling 20)."""
    course.move(Happening.DISPUTE_WON, told)
    was = course.last_disputed_from or await store.last_disputed_from(tx, course.payment.id)
    if course.payment.status is Status.CHARGEBACK_WON and was is Status.ON_HOLD:
        course.move(Happening.PUT_ON_HOLD)


def tell(tx: Tx, before: Payment, after: Payment, *, reason: str | None, now: datetime) -> None:
    if before.status is not after.status:
        publish(
            tx,
            PaymentMoved(
                subject_id=after.id,
                tenant_id=after.tenant_id,
                at=now,
                before=before.status,
                after=after.status,
                reason=reason,
            ),
        )
