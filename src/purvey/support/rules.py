"""When a buyer may ask for their money back. Pure."""

from datetime import datetime

from purvey import payments
from purvey.kit.errors import Conflict
from purvey.purchases import PurchaseDetail
from purvey.support.model import LIVE, Ticket

MAX_MESSAGES = 200


class NothingToRefund(Conflict):
    """Nothing was paid for it, or all of it went back."""

    code = "not_refundable"


class WindowOver(Conflict):
    """The site's time for asking is over."""

    code = "refund_window_over"


class AlreadyAsked(Conflict):
    """There is an open request for this purchase."""

    code = "refund_request_open"


class TicketClosed(Conflict):
    """It is decided; nothing more is said in it."""

    code = "refund_request_closed"


class TooManyMessages(Conflict):
    """The conversation is as long as it may be."""

    code = "too_many_messages"


def refuse_request(purchase: PurchaseDetail, *, now: datetime) -> None:
    """Raises NothingToRefund, or WindowOver with its date."""
    left = purchase.final_amount - purchase.refunded_amount
    if purchase.refundable_until is None or purchase.status not in payments.PAID or left <= 0:
        raise NothingToRefund("Nothing was paid for this purchase that could go back now")
    if now > purchase.refundable_until:
        until = purchase.refundable_until
        raise WindowOver(
            f"A refund could be asked for until {until:%Y-%m-%d}; write to the author instead",
            extra={"refundableUntil": until.isoformat().replace("+00:00", "Z")},
        )


def refuse_message(ticket: Ticket, *, written: int) -> None:
    """Raises TicketClosed, TooManyMessages."""
    if ticket.state not in LIVE:
        raise TicketClosed(f"This request is {ticket.state.lower()}; nothing more can be said in it")
    if written >= MAX_MESSAGES:
        raise TooManyMessages(f"A request holds {MAX_MESSAGES} messages; decide it, or write by mail")


def already_asked(open_id: object) -> AlreadyAsked:
    return AlreadyAsked(
        "You have asked for this refund already; add a message to that request", extra={"ticketId": str(open_id)}
    )
