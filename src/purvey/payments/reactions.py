"""When a gateway sent back more than there is, somebody has to look into it: its task is parked with what to do."""

from datetime import timedelta

from purvey.kit.events import ForSomebody, Heard, Reaction, on
from purvey.kit.money import Money
from purvey.payments import refund_store, store
from purvey.payments.events import RefundStrayed
from purvey.payments.model import Payment, StrayRefund

WHILE_OTHERS_SETTLE = timedelta(minutes=10)
TAKEN_OVER = timedelta(minutes=2)  # by then another worker has gone on where one died, which is nobody's replay


def reactions() -> list[Reaction]:
    """What payments do when their books and a gateway's differ."""

    async def look_into_stray_refund(heard: Heard, strayed: RefundStrayed) -> None:
        """Parked the first time; a second is somebody who replays it, and has seen to it."""
        payment = await store.find(heard.db, strayed.subject_id)
        assert payment is not None
        async with heard.db.transaction() as tx:
            stray = await refund_store.lock_stray(tx, payment.id, strayed.reference)
            if stray is None:
                return None
            if stray.parked_at is not None and heard.now - stray.parked_at > TAKEN_OVER:
                return await refund_store.settle_stray(tx, stray, now=heard.now)
            await refund_store.park_stray(tx, stray, now=heard.now)
        raise ForSomebody(what_to_do(payment, stray))

    return [on(RefundStrayed, look_into_stray_refund, after=WHILE_OTHERS_SETTLE)]


def what_to_do(payment: Payment, stray: StrayRefund) -> str:
    return (
        f"{payment.provider} sent back {stray.money} of payment {payment.id} as {stray.reference}, but of its "
        f"{payment.money} only {Money(payment.refundable, payment.currency)} were left to send back here, so it is not "
        f"in these books. Compare both, settle with the buyer what went back too much, then replay this task"
    )
