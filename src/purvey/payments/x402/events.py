"""What others may hear about authorizations."""

from uuid import UUID

from purvey.kit.events import Event


class SettlementDecided(Event, frozen=True, kw_only=True):
    """The chain has decided: the money moved, or cannot any more. `subject_id` is the settlement.

    `of_type`, `of_id` are what it was for; `payment_id` is there when it was for a payment.
    """

    type = "X402_SETTLEMENT_DECIDED"
    queue = "payment-events"
    of_type: str
    of_id: UUID
    payment_id: UUID | None
    settled: bool
    reason: str | None


class SettlementVanished(Event, frozen=True, kw_only=True):
    """A transaction that was counted is on the chain no more (ruling 31). `subject_id` is the settlement."""

    type = "X402_SETTLEMENT_VANISHED"
    queue = "payment-events"
    of_type: str
    of_id: UUID
    payment_id: UUID | None


class SettlementReturned(Event, frozen=True, kw_only=True):
    """A transaction that had vanished is on the chain again. `subject_id` is the settlement."""

    type = "X402_SETTLEMENT_RETURNED"
    queue = "payment-events"
    of_type: str
    of_id: UUID
    payment_id: UUID | None
