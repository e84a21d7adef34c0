"""A payment, its refunds and disputes, and everything that can happen to them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from purvey.kit.life import Life
from purvey.kit.money import Money
from purvey.payments.gateway import References


class Status(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    DISPUTED = "DISPUTED"
    CHARGEBACK_LOST = "CHARGEBACK_LOST"
    CHARGEBACK_WON = "CHARGEBACK_WON"
    ON_HOLD = "ON_HOLD"
    CANCELLED = "CANCELLED"


class Happening(StrEnum):
    TRIED = "tried"
    ACTION_ASKED = "action asked"
    MONEY_CAME = "money came"
    DECLINED = "declined"
    TIME_RAN_OUT = "time ran out"
    CALLED_OFF = "called off"
    PUT_ON_HOLD = "put on hold"
    RELEASED = "released"
    PART_WENT_BACK = "part of the money went back"
    ALL_WENT_BACK = "all of the money went back"
    SOME_CAME_BACK = "a refund came back, another did not"
    ALL_CAME_BACK = "whatever went back came back"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute won"
    DISPUTE_LOST = "dispute lost"


S, H = Status, Happening

# A refund that arrives while, or a dispute that begins after, the payment is beyond it, is kept in
# the columns (`refunded_amount`, `dispute_open`) and leaves the status as it is. A refund that the gateway took
# for done, and that failed after all, is money of the buyer's again: when they own nothing for it, somebody decides.
# fmt: off
LIFE = Life[Status, Happening](
    "payment",
    (S.PENDING,            H.TRIED,          S.PROCESSING),
    (S.PENDING,            H.ACTION_ASKED,   S.REQUIRES_ACTION),
    (S.PENDING,            H.MONEY_CAME,     S.SUCCEEDED),
    (S.PENDING,            H.DECLINED,       S.FAILED),
    (S.PENDING,            H.TIME_RAN_OUT,   S.EXPIRED),
    (S.PENDING,            H.CALLED_OFF,     S.CANCELLED),
    (S.PENDING,            H.PUT_ON_HOLD,    S.ON_HOLD),

    (S.PROCESSING,         H.ACTION_ASKED,   S.REQUIRES_ACTION),
    (S.PROCESSING,         H.MONEY_CAME,     S.SUCCEEDED),
    (S.PROCESSING,         H.DECLINED,       S.FAILED),
    (S.PROCESSING,         H.TIME_RAN_OUT,   S.EXPIRED),
    (S.PROCESSING,         H.CALLED_OFF,     S.CANCELLED),
    (S.PROCESSING,         H.PUT_ON_HOLD,    S.ON_HOLD),

    (S.REQUIRES_ACTION,    H.TRIED,          S.PROCESSING),
    (S.REQUIRES_ACTION,    H.MONEY_CAME,     S.SUCCEEDED),
    (S.REQUIRES_ACTION,    H.DECLINED,       S.FAILED),
    (S.REQUIRES_ACTION,    H.TIME_RAN_OUT,   S.EXPIRED),
    (S.REQUIRES_ACTION,    H.CALLED_OFF,     S.CANCELLED),
    (S.REQUIRES_ACTION,    H.PUT_ON_HOLD,    S.ON_HOLD),

    (S.FAILED,             H.TRIED,          S.PROCESSING),      # the same checkout, tried again

    (S.EXPIRED,            H.MONEY_CAME,     S.SUCCEEDED),       # late money
    (S.EXPIRED,            H.PUT_ON_HOLD,    S.ON_HOLD),
    (S.CANCELLED,          H.MONEY_CAME,     S.SUCCEEDED),
    (S.CANCELLED,          H.PUT_ON_HOLD,    S.ON_HOLD),

    (S.ON_HOLD,            H.MONEY_CAME,     S.SUCCEEDED),       # what was wrong came right
    (S.ON_HOLD,            H.RELEASED,       S.SUCCEEDED),       # somebody decided so
    (S.ON_HOLD,            H.PART_WENT_BACK, S.ON_HOLD),
    (S.ON_HOLD,            H.ALL_WENT_BACK,  S.REFUNDED),
    (S.ON_HOLD,            H.SOME_CAME_BACK, S.ON_HOLD),
    (S.ON_HOLD,            H.ALL_CAME_BACK,  S.ON_HOLD),
    (S.ON_HOLD,            H.DISPUTED,       S.DISPUTED),
    (S.ON_HOLD,            H.DISPUTE_WON,    S.ON_HOLD),
    (S.ON_HOLD,            H.DISPUTE_LOST,   S.CHARGEBACK_LOST),

    (S.SUCCEEDED,          H.PART_WENT_BACK, S.PARTIALLY_REFUNDED),
    (S.SUCCEEDED,          H.ALL_WENT_BACK,  S.REFUNDED),
    (S.SUCCEEDED,          H.DISPUTED,       S.DISPUTED),
    (S.SUCCEEDED,          H.PUT_ON_HOLD,    S.ON_HOLD),

    (S.PARTIALLY_REFUNDED, H.PART_WENT_BACK, S.PARTIALLY_REFUNDED),
    (S.PARTIALLY_REFUNDED, H.ALL_WENT_BACK,  S.REFUNDED),
    (S.PARTIALLY_REFUNDED, H.SOME_CAME_BACK, S.PARTIALLY_REFUNDED),
    (S.PARTIALLY_REFUNDED, H.ALL_CAME_BACK,  S.SUCCEEDED),
    (S.PARTIALLY_REFUNDED, H.DISPUTED,       S.DISPUTED),
    (S.PARTIALLY_REFUNDED, H.PUT_ON_HOLD,    S.ON_HOLD),

    (S.DISPUTED,           H.DISPUTED,       S.DISPUTED),        # by two at once
    (S.DISPUTED,           H.DISPUTE_WON,    S.CHARGEBACK_WON),
    (S.DISPUTED,           H.DISPUTE_LOST,   S.CHARGEBACK_LOST),
    (S.DISPUTED,           H.PART_WENT_BACK, S.DISPUTED),
    (S.DISPUTED,           H.ALL_WENT_BACK,  S.REFUNDED),
    (S.DISPUTED,           H.SOME_CAME_BACK, S.DISPUTED),
    (S.DISPUTED,           H.ALL_CAME_BACK,  S.DISPUTED),

    (S.CHARGEBACK_WON,     H.PART_WENT_BACK, S.PARTIALLY_REFUNDED),
    (S.CHARGEBACK_WON,     H.ALL_WENT_BACK,  S.REFUNDED),
    (S.CHARGEBACK_WON,     H.SOME_CAME_BACK, S.CHARGEBACK_WON),
    (S.CHARGEBACK_WON,     H.ALL_CAME_BACK,  S.CHARGEBACK_WON),
    (S.CHARGEBACK_WON,     H.DISPUTED,       S.DISPUTED),        # by another dispute
    (S.CHARGEBACK_WON,     H.DISPUTE_WON,    S.CHARGEBACK_WON),
    (S.CHARGEBACK_WON,     H.DISPUTE_LOST,   S.CHARGEBACK_LOST),
    (S.CHARGEBACK_WON,     H.PUT_ON_HOLD,    S.ON_HOLD),

    (S.CHARGEBACK_LOST,    H.PART_WENT_BACK, S.CHARGEBACK_LOST),
    (S.CHARGEBACK_LOST,    H.ALL_WENT_BACK,  S.CHARGEBACK_LOST),
    (S.CHARGEBACK_LOST,    H.SOME_CAME_BACK, S.CHARGEBACK_LOST),
    (S.CHARGEBACK_LOST,    H.ALL_CAME_BACK,  S.CHARGEBACK_LOST),
    (S.CHARGEBACK_LOST,    H.DISPUTED,       S.CHARGEBACK_LOST),
    (S.CHARGEBACK_LOST,    H.DISPUTE_WON,    S.CHARGEBACK_LOST),
    (S.CHARGEBACK_LOST,    H.DISPUTE_LOST,   S.CHARGEBACK_LOST),

    (S.REFUNDED,           H.SOME_CAME_BACK, S.ON_HOLD),
    (S.REFUNDED,           H.ALL_CAME_BACK,  S.ON_HOLD),
    (S.REFUNDED,           H.DISPUTED,       S.REFUNDED),
    (S.REFUNDED,           H.DISPUTE_WON,    S.REFUNDED),
    (S.REFUNDED,           H.DISPUTE_LOST,   S.REFUNDED),
)
# fmt: on

PAID = frozenset({S.SUCCEEDED, S.PARTIALLY_REFUNDED, S.CHARGEBACK_WON})  # the money is here, undisputed
MONEY_CAME = PAID | {S.REFUNDED, S.DISPUTED, S.CHARGEBACK_LOST}  # it was here at some time
REFUNDABLE = PAID | {S.ON_HOLD}


class RefundStatus(StrEnum):
    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    SENT = "SENT"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class RefundHappening(StrEnum):
    APPROVED = "approved"
    SENT = "sent"
    ARRIVED = "arrived"
    FAILED = "failed"


R, G = RefundStatus, RefundHappening

# fmt: off
REFUND_LIFE = Life[RefundStatus, RefundHappening](
    "refund",
    (R.REQUESTED, G.APPROVED, R.APPROVED),
    (R.REQUESTED, G.FAILED,   R.FAILED),     # turned down
    (R.APPROVED,  G.SENT,     R.SENT),
    (R.APPROVED,  G.FAILED,   R.FAILED),     # the gateway will not
    (R.SENT,      G.ARRIVED,  R.SUCCEEDED),
    (R.SENT,      G.FAILED,   R.FAILED),
    (R.SUCCEEDED, G.FAILED,   R.FAILED),     # the buyer's bank sent it back
)
# fmt: on
IN_FLIGHT = frozenset({R.REQUESTED, R.APPROVED, R.SENT})


class DisputeStatus(StrEnum):
    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Money that somebody owes for a subject. Amounts are minor units of `currency`.

    `closed_at`: since when nothing can be paid at its checkout. `version` counts its moves, from 1. `account`: which
    of the seller's accounts at the gateway it was begun in, where that can change.
    """

    id: UUID
    tenant_id: UUID
    subject_type: str
    subject_id: UUID
    payer_id: UUID
    type: str
    provider: str
    amount: int
    currency: str
    status: Status
    checkout_url: str | None
    checkout_reference: str | None
    reference: str | None
    expires_at: datetime
    asked_times: int
    closed_at: datetime | None
    paid_at: datetime | None
    refunded_amount: int
    refunding_amount: int
    dispute_open: bool
    failure: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    account: str | None = None

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def refundable(self) -> int:
        """How much may still be sent back, minor units."""
        return self.amount - self.refunded_amount - self.refunding_amount

    @property
    def gives_back(self) -> bool:
        """Whether its money may go back by our hand: it is here, and no bank decides over it."""
        return self.status in REFUNDABLE and not self.dispute_open

    def since(self, now: datetime) -> datetime:
        """When what happens to it now has happened: no earlier than what came before.

        Whoever waited for its lock, or has a slow clock, brings an older time.
        """
        return max(now, self.updated_at)

    @property
    def references(self) -> References:
        """How its gateway knows it."""
        return References(
            payment_id=self.id,
            tenant_id=self.tenant_id,
            checkout_reference=self.checkout_reference,
            reference=self.reference,
            account=self.account,
        )


Told = Mapping[str, Any]  # a refund or a dispute as it is when it moves its payment


class Step(NamedTuple):
    """A move that is being made."""

    number: int
    before: Status
    happening: Happening
    after: Status
    detail: Told | None


class Move(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One step of a payment's life: what happened, who said so, why and when."""

    from_status: Status
    happening: Happening
    to_status: Status
    actor: str
    reason: str | None
    at: datetime


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money going back. `requested_by` is None for money that came too late: purvey sends it back by itself."""

    id: UUID
    tenant_id: UUID
    payment_id: UUID
    amount: int
    currency: str
    reason: str
    status: RefundStatus
    requested_by: UUID | None
    reference: str | None
    failure: str | None
    asked_times: int
    created_at: datetime
    updated_at: datetime

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class StrayRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund at the gateway that is more than is left of its payment here. Somebody has to compare both."""

    payment_id: UUID
    reference: str
    amount: int
    currency: str
    seen_at: datetime
    parked_at: datetime | None
    settled_at: datetime | None

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that its payer's bank takes back, or tries to."""

    id: UUID
    reference: str
    amount: int
    currency: str
    reason: str | None
    status: DisputeStatus
    opened_at: datetime
    closed_at: datetime | None
