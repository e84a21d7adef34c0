"""What the test bank keeps of a checkout."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from purvey.kit.money import Money


class State(StrEnum):
    OPEN = "open"
    PAID = "paid"
    DECLINED = "declined"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """What a buyer does on the page."""

    PAY = "pay"
    DECLINE = "decline"
    LEAVE = "leave"


class Delivery(StrEnum):
    """How the bank tells the shop."""

    NORMAL = "normal"
    TWICE = "twice"
    LATE = "late"
    NEVER = "never"
    OUT_OF_ORDER = "out_of_order"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout at the test bank; `id` is its secret address."""

    id: str
    idempotency_key: UUID
    amount: int
    currency: str
    description: str
    success_url: str
    cancel_url: str
    webhook_url: str
    state: State
    payment_reference: str | None
    refunded: int
    dispute: str | None
    delivery: dict[str, str]
    expires_at: datetime
    created_at: datetime

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class BankRefund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    idempotency_key: UUID
    session_id: str
    amount: int
    state: str
