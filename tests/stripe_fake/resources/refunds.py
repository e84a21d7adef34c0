"""Refunds: money back, in part or whole, never more than was taken."""

from ..errors import Refused
from ..money import shown
from ..operations import Call, Operation, listing, retrieve
from ..params import merged_metadata
from ..spec import Json
from ..world import World
from .balance import movement

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(world: World, call: Call) -> Json:
    charge = _charge_to_refund(world, call.params)
    amount = _amount_to_refund(charge, call.params.get("amount"))
    reason = call.params.get("reason")
    if reason and reason not in REASONS:
        raise Refused(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    refund = world.new(
        "refund",
        "re",
        amount=amount,
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        customer=charge["customer"],
        payment_method=charge["payment_method"],
        metadata=merged_metadata({}, call.params.get("metadata")),
        reason=reason,
        status="pending",
    )
    if world.refunds_wait:
        refund["pending_reason"] = "processing"
    else:
        _arrived(world, refund)
    world.emit("refund.created", refund)
    _count(world, charge, amount)
    return refund


def settle(world: World, refund: Json, *, succeeded: bool) -> None:
    """A waiting refund arrives; or one, even after it arrived, comes back from the bank."""
    if refund["status"] not in ("pending", "succeeded") or (succeeded and refund["status"] == "succeeded"):
        raise ValueError(f"refund {refund['id']} is {refund['status']}")
    before = {"status": refund["status"]}
    refund.pop("pending_reason", None)
    if succeeded:
        _arrived(world, refund)
    else:
        charge = world.get("charge", refund["charge"])
        left = charge["amount_refunded"] - refund["amount"]
        world.change(charge, amount_refunded=left, refunded=False)
        returned = movement(world, refund, refund["amount"], kind="refund_failure")
        world.change(
            refund,
            status="failed",
            failure_reason="expired_or_canceled_card",
            failure_balance_transaction=returned["id"],
        )
    world.emit("refund.updated", refund, before)
    if not succeeded:
        world.emit("refund.failed", refund)


def _charge_to_refund(world: World, params: Json) -> Json:
    if ("charge" in params) == ("payment_intent" in params):
        raise Refused(
            "You must provide either a `charge` or a `payment_intent`, and not both.",
            code="parameter_missing",
            param="payment_intent",
        )
    if "charge" in params:
        charge = world.get("charge", params["charge"], param="charge")
    else:
        intent = world.get("payment_intent", params["payment_intent"], param="payment_intent")
        if intent["status"] != "succeeded":
            raise Refused(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
        charge = world.get("charge", intent["latest_charge"])
    if charge["status"] != "succeeded":
        raise Refused(f"Charge {charge['id']} cannot be refunded: it is {charge['status']}.")
    if any(each["status"] != "won" for each in world.every("dispute", charge=charge["id"])):
        raise Refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if charge["refunded"]:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    return charge


def _amount_to_refund(charge: Json, asked: int | None) -> int:
    left: int = charge["amount"] - charge["amount_refunded"]
    if asked is None:
        return left
    if asked < 1:
        raise Refused(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
        )
    if asked > left:
        currency = charge["currency"]
        raise Refused(
            f"Refund amount ({shown(asked, currency)}) is greater than unrefunded amount on "
            f"charge ({shown(left, currency)})",
            param="amount",
        )
    return asked


def _arrived(world: World, refund: Json) -> None:
    entry = movement(world, refund, -refund["amount"], kind="refund")
    method = world.get("payment_method", refund["payment_method"])
    world.change(refund, status="succeeded", balance_transaction=entry["id"])
    if method["type"] == "card":
        card = {"type": "refund", "reference_status": "pending"}
        refund["destination_details"] = {"type": "card", "card": card}


def _count(world: World, charge: Json, amount: int) -> None:
    refunded = charge["amount_refunded"] + amount
    before = world.change(charge, amount_refunded=refunded, refunded=refunded == charge["amount"])
    world.emit("charge.refunded", charge, before)


OPERATIONS = (
    Operation("POST", "/v1/refunds", create, "payment_intent charge amount reason metadata"),
    retrieve("/v1/refunds/{refund}", "refund", "refund"),
    listing("/v1/refunds", "refund", "payment_intent", "charge"),
)
