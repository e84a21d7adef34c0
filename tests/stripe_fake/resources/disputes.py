"""Disputes: a buyer's bank takes the money back until somebody wins."""

from ..operations import listing, retrieve
from ..spec import Json
from ..world import World
from .balance import DISPUTE_FEE, movement

ANSWER_WITHIN_SECONDS = 7 * 24 * 3600


def open_dispute(world: World, charge: Json, *, reason: str, amount: int | None) -> Json:
    """Made by a bank, never by the API."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise ValueError(f"charge {charge['id']} cannot be disputed")
    dispute = world.new(
        "dispute",
        "du",
        amount=amount or charge["amount"] - charge["amount_refunded"],
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="needs_response",
        metadata={},
    )
    dispute["evidence_details"]["due_by"] = world.now() + ANSWER_WITHIN_SECONDS
    charge["disputed"] = True
    world.emit("charge.dispute.created", dispute)
    taken = movement(world, dispute, -dispute["amount"], kind="adjustment", fee=DISPUTE_FEE)
    before = world.change(dispute, balance_transactions=[taken])
    world.emit("charge.dispute.funds_withdrawn", dispute, before)
    return dispute


def close(world: World, dispute: Json, *, won: bool) -> None:
    """Won gives the money back; lost leaves it with the buyer."""
    if dispute["status"] in ("won", "lost"):
        raise ValueError(f"dispute {dispute['id']} is already {dispute['status']}")
    before = world.change(dispute, status="won" if won else "lost")
    world.emit("charge.dispute.closed", dispute, before)
    if won:
        back = movement(world, dispute, dispute["amount"], kind="adjustment")
        entries = [*dispute["balance_transactions"], back]
        before = world.change(dispute, balance_transactions=entries)
        world.emit("charge.dispute.funds_reinstated", dispute, before)


OPERATIONS = (
    retrieve("/v1/disputes/{dispute}", "dispute", "dispute"),
    listing("/v1/disputes", "dispute", "payment_intent", "charge"),
)
