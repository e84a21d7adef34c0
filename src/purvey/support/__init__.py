"""Support: a buyer asks for their money back, talks about it with the site's team, and is answered.

The team approves (the money is set aside) or declines; one who may manage refunds sends it. Start at `model.LIFE`.
"""

from purvey.support.asking import answer, ask_for_refund, of_purchase, seen_by_buyer, seen_by_team, withdraw
from purvey.support.deciding import NotApproved, approve, decline, execute
from purvey.support.events import (
    RefundRequestAnswered,
    RefundRequestApproved,
    RefundRequestDeclined,
    RefundRequested,
    RefundRequestWithdrawn,
)
from purvey.support.model import LIFE, Happening, Ticket, TicketState
from purvey.support.moving import hand_over
from purvey.support.reactions import reactions
from purvey.support.rules import AlreadyAsked, NothingToRefund, TicketClosed, TooManyMessages, WindowOver
from purvey.support.store import NEWEST as NEWEST_TICKETS
from purvey.support.store import count_of_buyer, count_of_site, list_of_buyer, list_of_site, messages
from purvey.support.views import MessageView, TicketView

__all__ = [
    "LIFE",
    "NEWEST_TICKETS",
    "AlreadyAsked",
    "Happening",
    "MessageView",
    "NotApproved",
    "NothingToRefund",
    "RefundRequestAnswered",
    "RefundRequestApproved",
    "RefundRequestDeclined",
    "RefundRequestWithdrawn",
    "RefundRequested",
    "Ticket",
    "TicketClosed",
    "TicketState",
    "TicketView",
    "TooManyMessages",
    "WindowOver",
    "answer",
    "approve",
    "ask_for_refund",
    "count_of_buyer",
    "count_of_site",
    "decline",
    "execute",
    "hand_over",
    "list_of_buyer",
    "list_of_site",
    "messages",
    "of_purchase",
    "reactions",
    "seen_by_buyer",
    "seen_by_team",
    "withdraw",
]
