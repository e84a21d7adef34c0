"""Payment intents: the life of one payment, from asking to having."""

from ..errors import Refused, declined
from ..money import check_charge, known_currency
from ..operations import Call, Operation, listing, retrieve
from ..params import merged_metadata
from ..spec import Json
from ..world import World
from . import charges
from .attempts import attempt, cancelled, failed, new_intent
from .charges import NEEDS_AUTHENTICATION
from .methods import Outcome, card_of, named

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELLABLE = (*CONFIRMABLE, "requires_capture", "processing")
PLAIN = ("description", "receipt_email", "setup_future_usage", "statement_descriptor_suffix")
CONFIRMING = "payment_method return_url off_session"


def create(world: World, call: Call) -> Json:
    params = call.params
    currency = known_currency(params["currency"])
    check_charge(params["amount"], currency)
    if "customer" in params:
        world.get("customer", params["customer"], param="customer")
    intent = new_intent(
        world,
        amount=params["amount"],
        currency=currency,
        customer=params.get("customer"),
        metadata=merged_metadata({}, params.get("metadata")),
        automatic_payment_methods=_automatic(params),
        payment_method_types=params.get("payment_method_types", ["card"]),
        **call.asked(*PLAIN),
    )
    if "payment_method" in params:
        method = _method_for(world, intent, params["payment_method"])
        world.change(intent, payment_method=method["id"], status="requires_confirmation")
    if params.get("confirm"):
        _confirm(world, intent, params)
    return intent


def update(world: World, call: Call) -> Json:
    intent = world.get("payment_intent", call.ids["intent"])
    metadata = merged_metadata(intent["metadata"], call.params.get("metadata"))
    world.change(intent, metadata=metadata, **call.asked("description", "receipt_email"))
    return intent


def confirm(world: World, call: Call) -> Json:
    intent = world.get("payment_intent", call.ids["intent"])
    _refuse_checkouts_own(world, intent, "confirm")
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected(intent, "confirm", CONFIRMABLE)
    _confirm(world, intent, call.params)
    return intent


def cancel(world: World, call: Call) -> Json:
    intent = world.get("payment_intent", call.ids["intent"])
    _refuse_checkouts_own(world, intent, "cancel")
    if intent["status"] not in CANCELLABLE or intent["status"] == "processing":
        raise _unexpected(intent, "cancel", CANCELLABLE)
    cancelled(world, intent, call.params.get("cancellation_reason"))
    return intent


def _confirm(world: World, intent: Json, params: Json) -> None:
    id = params.get("payment_method") or intent["payment_method"]
    if id is None:
        raise Refused(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method.",
            code="payment_intent_unexpected_state",
        )
    automatic = intent["automatic_payment_methods"] or {}
    if automatic.get("allow_redirects") == "always" and "return_url" not in params:
        raise Refused(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. "
            "Because some of these payment methods might redirect your customer off of your page, "
            "you must provide a `return_url`. If you don't want to accept redirect-based payment "
            "methods, set `automatic_payment_methods[enabled]` to `true` and "
            "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents "
            "and Payment Intents."
        )
    world.notes[f"return_url {intent['id']}"] = params.get("return_url")
    method = _method_for(world, intent, id)
    outcome = card_of(world, method).outcome
    if outcome is Outcome.AUTHENTICATE and params.get("off_session"):
        charges.refused(world, intent, method, NEEDS_AUTHENTICATION)
        failed(world, intent, method, NEEDS_AUTHENTICATION)
    else:
        attempt(world, intent, method, outcome)
    if error := intent["last_payment_error"]:
        raise declined(
            error["message"],
            code=error["code"],
            decline_code=error.get("decline_code"),
            intent=intent,
        )


def _method_for(world: World, intent: Json, id: str) -> Json:
    method = named(world, id, param="payment_method")
    if method["customer"] and method["customer"] != intent["customer"]:
        raise Refused(
            f"The PaymentMethod {id} belongs to a customer. Please include the customer in the "
            "`customer` parameter on the PaymentIntent.",
            param="payment_method",
        )
    return method


def _automatic(params: Json) -> Json | None:
    """On unless the call names its own types."""
    if "automatic_payment_methods" in params:
        return {"allow_redirects": "always"} | dict(params["automatic_payment_methods"])
    if "payment_method_types" in params:
        return None
    return {"allow_redirects": "always", "enabled": True}


def _refuse_checkouts_own(world: World, intent: Json, verb: str) -> None:
    if any(world.every("checkout.session", payment_intent=intent["id"])):
        raise Refused(
            f"You cannot {verb} this PaymentIntent because it was created by Checkout. "
            "To cancel it, expire its Checkout Session instead.",
            code="payment_intent_unexpected_state",
        )


def _unexpected(intent: Json, verb: str, statuses: tuple[str, ...]) -> Refused:
    return Refused(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {verb}ed: "
        f"{', '.join(statuses)}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


OPERATIONS = (
    Operation(
        "POST",
        "/v1/payment_intents",
        create,
        f"amount currency customer confirm automatic_payment_methods payment_method_types metadata "
        f"{CONFIRMING} {' '.join(PLAIN)}",
    ),
    Operation("POST", "/v1/payment_intents/{intent}", update, "metadata description receipt_email"),
    Operation("POST", "/v1/payment_intents/{intent}/confirm", confirm, CONFIRMING),
    Operation("POST", "/v1/payment_intents/{intent}/cancel", cancel, "cancellation_reason"),
    retrieve("/v1/payment_intents/{intent}", "payment_intent", "intent"),
    listing("/v1/payment_intents", "payment_intent", "customer"),
)
