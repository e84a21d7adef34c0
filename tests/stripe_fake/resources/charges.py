"""Charges: each attempt to take an intent's money, taken, refused or on its way."""

from dataclasses import dataclass

from ..operations import listing, retrieve
from ..spec import Json
from ..world import World
from .balance import card_fee, movement


@dataclass(frozen=True)
class Decline:
    """Why a bank said no."""

    message: str
    code: str = "card_declined"
    decline_code: str | None = None


DECLINES = {
    "generic_decline": Decline("Your card was declined.", decline_code="generic_decline"),
    "insufficient_funds": Decline("Your card has insufficient funds.", decline_code="insufficient_funds"),
}
NEEDS_AUTHENTICATION = Decline(
    "Your card was declined. This transaction requires authentication.",
    code="authentication_required",
    decline_code="authentication_required",
)
DEBIT_FAILED = Decline("The customer's account has insufficient funds.", code="insufficient_funds")


def taken(world: World, intent: Json, method: Json) -> Json:
    """The money is there."""
    charge = _new(world, intent, method)
    _paid(world, charge)
    world.emit("charge.succeeded", charge)
    return charge


def refused(world: World, intent: Json, method: Json, decline: Decline) -> Json:
    charge = _new(world, intent, method)
    _failed(world, charge, decline)
    world.emit("charge.failed", charge)
    return charge


def awaited(world: World, intent: Json, method: Json) -> Json:
    """A bank debit that will be known in some days."""
    charge = _new(world, intent, method)
    world.change(charge, status="pending", captured=True, amount_captured=charge["amount"])
    world.emit("charge.pending", charge)
    return charge


def settled(world: World, charge: Json, *, succeeded: bool) -> None:
    """What the bank said in the end about an awaited charge."""
    if succeeded:
        _paid(world, charge)
        world.emit("charge.succeeded", charge)
    else:
        world.change(charge, captured=False, amount_captured=0)
        _failed(world, charge, DEBIT_FAILED)
        world.emit("charge.failed", charge)


def refunds_of(world: World, charge: Json) -> Json:
    """The list that `expand[]=refunds` puts in the charge."""
    url = f"/v1/charges/{charge['id']}/refunds"
    return world.page(url, world.every("refund", charge=charge["id"]), {})


def _new(world: World, intent: Json, method: Json) -> Json:
    charge = world.new(
        "charge",
        "ch" if method["type"] == "card" else "py",
        amount=intent["amount"],
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(world, method),
        billing_details=method["billing_details"],
        receipt_email=intent["receipt_email"],
        fraud_details={},
        statement_descriptor=intent["statement_descriptor"],
        statement_descriptor_suffix=intent["statement_descriptor_suffix"],
    )
    intent["latest_charge"] = charge["id"]
    return charge


def _paid(world: World, charge: Json) -> None:
    entry = movement(
        world,
        charge,
        charge["amount"],
        kind="charge" if charge["id"].startswith("ch_") else "payment",
        fee=card_fee(charge["amount"]),
        category="charge",
    )
    outcome = world.blank(
        "charge_outcome",
        type="authorized",
        network_status="approved_by_network",
        risk_level="normal",
        seller_message="Payment complete.",
    )
    world.change(
        charge,
        status="succeeded",
        paid=True,
        captured=True,
        amount_captured=charge["amount"],
        balance_transaction=entry["id"],
        outcome=outcome,
        receipt_url=f"{world.base_url}/receipts/{charge['id']}",
    )


def _failed(world: World, charge: Json, decline: Decline) -> None:
    outcome = world.blank(
        "charge_outcome",
        type="issuer_declined",
        network_status="declined_by_network",
        reason=decline.decline_code or decline.code,
        risk_level="normal",
        seller_message="The bank did not return any further details with this decline.",
    )
    world.change(
        charge,
        status="failed",
        paid=False,
        outcome=outcome,
        failure_code=decline.code,
        failure_message=decline.message,
    )


def _details(world: World, method: Json) -> Json:
    kind = method["type"]
    details = world.blank(f"payment_method_details_{kind}")
    details |= {name: value for name, value in method[kind].items() if name in details}
    for nested in ("checks", "networks", "wallet"):
        details.pop(nested, None)
    if kind == "card":
        details["network"] = method[kind]["brand"]
    return {"type": kind, kind: details}


OPERATIONS = (
    retrieve("/v1/charges/{charge}", "charge", "charge"),
    listing("/v1/charges", "charge", "payment_intent", "customer"),
)
