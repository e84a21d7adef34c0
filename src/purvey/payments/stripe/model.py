"""What purvey reads of Stripe's objects; everything else in them is passed over."""

from typing import Any, TypeVar
from uuid import UUID

import msgspec

T = TypeVar("T")


class Refund(msgspec.Struct, frozen=True):
    """`re_…`."""

    id: str
    amount: int
    currency: str
    status: str | None = None
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None


class Refunds(msgspec.Struct, frozen=True):
    """The first page of a charge's refunds."""

    data: list[Refund]
    has_more: bool = False


class Charge(msgspec.Struct, frozen=True):
    """`ch_…`: one attempt to take the money."""

    id: str
    disputed: bool = False
    refunds: Refunds | None = None


class Problem(msgspec.Struct, frozen=True):
    """Why the last attempt failed, for the buyer."""

    message: str | None = None


class Intent(msgspec.Struct, frozen=True):
    """`pi_…`: the payment, through all its attempts. `latest_charge` must have been expanded."""

    id: str
    status: str
    currency: str
    amount_received: int = 0
    last_payment_error: Problem | None = None
    latest_charge: Charge | None = None


class Session(msgspec.Struct, frozen=True):
    """`cs_…`: one buyer's checkout. `payment_intent` must have been expanded."""

    id: str
    status: str | None
    payment_status: str
    expires_at: int
    url: str | None = None
    client_reference_id: str | None = None
    currency: str | None = None
    payment_intent: Intent | None = None


class Dispute(msgspec.Struct, frozen=True):
    """`du_…`."""

    id: str
    amount: int
    currency: str
    status: str
    reason: str | None = None


class Known(msgspec.Struct, frozen=True):
    """A session in a list, by which it is recognised."""

    id: str
    client_reference_id: str | None = None


def our_id(metadata: dict[str, str] | None, name: str) -> UUID | None:
    """An id that we wrote into an object's metadata; None when it holds none, or something else."""
    return read_id((metadata or {}).get(name))


def read_id(text: Any) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def of(kind: type[T], thing: Any) -> T:
    """One of the SDK's objects, read as `kind`."""
    return msgspec.convert(thing.to_dict(), kind)
