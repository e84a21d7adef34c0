"""An intent's life once somebody acts: tried, authenticated, succeeded, failed or cancelled."""

from ..spec import Json
from ..world import World
from . import charges
from .charges import DECLINES, Decline
from .methods import Outcome, card_of

AUTHENTICATION_FAILED = Decline(
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or "
    "a new PaymentMethod to attempt to fulfill this PaymentIntent again.",
    code="payment_intent_authentication_failure",
)


def new_intent(world: World, **fields: object) -> Json:
    intent = world.new(
        "payment_intent",
        "pi",
        **{
            "amount_capturable": 0,
            "amount_received": 0,
            "amount_details": {"tip": {}},
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "payment_method_options": {},
            "status": "requires_payment_method",
            **fields,
        },
    )
    intent["client_secret"] = f"{intent['id']}_secret_{world.token()}"
    world.emit("payment_intent.created", intent)
    return intent


def attempt(world: World, intent: Json, method: Json, outcome: Outcome) -> None:
    """Charge the method, and let the intent follow."""
    world.change(intent, payment_method=method["id"], last_payment_error=None, next_action=None)
    match outcome:
        case Outcome.PAY:
            charges.taken(world, intent, method)
            succeeded(world, intent)
        case Outcome.DECLINE:
            kind = card_of(world, method).decline_code if method["type"] == "card" else None
            decline = DECLINES[kind or "generic_decline"]
            charges.refused(world, intent, method, decline)
            failed(world, intent, method, decline)
        case Outcome.AUTHENTICATE:
            ask_authentication(world, intent)
        case Outcome.PROCESSING:
            charges.awaited(world, intent, method)
            intent["status"] = "processing"
            world.emit("payment_intent.processing", intent)


def succeeded(world: World, intent: Json) -> None:
    world.change(intent, status="succeeded", amount_received=intent["amount"])
    world.emit("payment_intent.succeeded", intent)


def failed(world: World, intent: Json, method: Json, decline: Decline) -> None:
    """Back to needing a method, with the reason kept."""
    is_card_error = decline is not AUTHENTICATION_FAILED
    error = {
        "type": "card_error" if is_card_error else "invalid_request_error",
        "code": decline.code,
        "message": decline.message,
        "payment_method": dict(method),
    }
    if is_card_error:
        error["charge"] = intent["latest_charge"]
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    world.change(
        intent,
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error=error,
    )
    world.emit("payment_intent.payment_failed", intent)


def ask_authentication(world: World, intent: Json) -> None:
    page = {"url": f"{world.base_url}/c/authenticate/{intent['id']}", "return_url": None}
    page["return_url"] = world.notes.get(f"return_url {intent['id']}")
    action = {"type": "redirect_to_url", "redirect_to_url": page}
    world.change(intent, status="requires_action", next_action=action)
    world.emit("payment_intent.requires_action", intent)


def authenticated(world: World, intent: Json, *, passed: bool) -> None:
    """What became of the 3-D Secure challenge."""
    if intent["status"] != "requires_action":
        raise ValueError(f"{intent['id']} asks for no authentication: it is {intent['status']}")
    method = world.get("payment_method", intent["payment_method"])
    if passed:
        attempt(world, intent, method, Outcome.PAY)
    else:
        failed(world, intent, method, AUTHENTICATION_FAILED)


def cancelled(world: World, intent: Json, reason: str | None) -> None:
    world.change(
        intent,
        status="canceled",
        canceled_at=world.now(),
        cancellation_reason=reason,
        next_action=None,
    )
    world.emit("payment_intent.canceled", intent)
