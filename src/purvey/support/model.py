"""A refund request: a ticket with a conversation, and everything that can happen to it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from purvey.kit.life import Life


class TicketState(StrEnum):
    OPEN = "OPEN"
    APPROVED = "APPROVED"  # the money is set aside, and goes when somebody who may sends it
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    REFUNDED = "REFUNDED"


class Happening(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REFUND_FAILED = "refund failed"
    MONEY_WENT_BACK = "money went back"


S, H = TicketState, Happening

# fmt: off
LIFE = Life[TicketState, Happening](
    "refund request",
    (S.OPEN,     H.APPROVED,        S.APPROVED),
    (S.OPEN,     H.DECLINED,        S.DECLINED),
    (S.OPEN,     H.WITHDRAWN,       S.WITHDRAWN),
    (S.OPEN,     H.MONEY_WENT_BACK, S.REFUNDED),   # by another way than this request
    (S.APPROVED, H.DECLINED,        S.DECLINED),   # thought better of, before the money went
    (S.APPROVED, H.WITHDRAWN,       S.WITHDRAWN),
    (S.APPROVED, H.REFUND_FAILED,   S.OPEN),
    (S.APPROVED, H.MONEY_WENT_BACK, S.REFUNDED),
)
# fmt: on
LIVE = frozenset({TicketState.OPEN, TicketState.APPROVED})


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer asks for their money back. `refund_id` is the refund that an approval set aside."""

    id: UUID
    tenant_id: UUID
    site_id: UUID
    purchase_id: UUID
    opened_by: UUID
    state: TicketState
    reason: str
    refund_id: UUID | None
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime
