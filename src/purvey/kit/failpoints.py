"""Places where a test may kill the process, one between every two steps that must survive it."""

import os
import signal

POINTS = (
    "purchase.resolved",  # nothing is written yet
    "purchase.inserted",  # the row is written, the goods are not reserved
    "purchase.reserved",  # everything is written, nothing is committed
    "purchase.begun",  # committed; the gateway was not asked
    "purchase.opened",  # the gateway has a checkout that we have not noted
    "purchase.checkout_saved",  # noted; the buyer was not told
    "notice.verified",  # the webhook is read, the inbox has no row
    "notice.received",  # the inbox has it; the gateway was not answered
    "payment.looked_up",  # the gateway said how it stands; nothing is written
    "payment.applied",  # the payment moved; the purchase did not, nothing is committed
    "purchase.followed",  # everything is written, nothing is committed
    "purchase.settled",  # committed; the job was not acknowledged
    "checkout.expired",  # the gateway closed it; the hold is not released
    "refund.ordered",  # the refund is written, nothing is committed
    "refund.approved",  # committed; the gateway was not asked
    "refund.begun",  # written that the gateway may have it; it was not asked
    "refund.sent",  # the gateway has the refund; we have not noted it
    "refund.noted",  # noted; its success was not read
    "x402.signed",  # our key's transaction is written; no node has it
    "x402.sent",  # a node has it; we have not noted that
    "x402.handed_in",  # written that the facilitator is asked; it was not yet
    "x402.seen",  # the chain has moved the money; the ledger does not say so
    "x402.decided",  # the ledger says so; the payment does not
    "sale.verified",  # an agent's payment would go through; nothing is written
    "sale.held",  # committed with the authorization in the ledger; nobody has handed it in
    "sale.carried_out",  # the chain has decided; the purchase has not followed
    "fee.entered",  # the fee's authorization is in the ledger; nobody has handed it in
    "fee.carried_out",  # the chain has decided; the credit has not followed
)

armed: str | None = None


def arm(point: str | None) -> None:
    """Choose where this process dies; None lets it live. ValueError for a point that does not exist."""
    global armed  # noqa: PLW0603 - one switch a process, set once by the wiring
    if point is not None and point not in POINTS:
        raise ValueError(f"{point!r} is not a failpoint; there are {', '.join(POINTS)}")
    armed = point


def reach(point: str) -> None:
    """Die here, when this is the chosen place."""
    if armed is not None and armed == point:
        os.kill(os.getpid(), signal.SIGKILL)
