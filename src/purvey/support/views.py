"""A refund request as its buyer and the site's team see it. Amounts are minor units."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey.payments import RefundStatus
from purvey.support.model import TicketState


class TicketRefund(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The money that an approval set aside. It is REQUESTED until somebody who may sends it."""

    id: UUID
    amount: int
    status: RefundStatus
    failure: str | None


class TicketView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request, what it is about, and what became of it."""

    id: UUID
    site_id: UUID
    purchase_id: UUID
    order_number: int
    item_name: str
    final_amount: int
    currency_code: str
    buyer_id: UUID
    buyer_display_name: str
    state: TicketState
    reason: str
    refund: TicketRefund | None
    message_count: int
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime


class MessageView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody wrote; `isBuyer` tells the two sides apart."""

    id: UUID
    author_id: UUID
    author_display_name: str
    is_buyer: bool
    body: str
    at: datetime
