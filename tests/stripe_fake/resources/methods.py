"""Payment methods: test cards by Stripe's names for them, and what each does when charged."""

from dataclasses import dataclass
from enum import StrEnum

from ..errors import Refused
from ..operations import Call, Operation
from ..spec import Json
from ..world import World

EXPIRES_IN_YEARS = 4
YEAR_SECONDS = 365 * 24 * 3600
BANK_DEBITS = {"eur": "sepa_debit", "usd": "us_bank_account", "gbp": "bacs_debit"}


class Outcome(StrEnum):
    """What comes of charging a method."""

    PAY = "pay"
    DECLINE = "decline"
    AUTHENTICATE = "authenticate"
    PROCESSING = "processing"


@dataclass(frozen=True)
class Card:
    """A test card. `attaches` is False when its bank already refuses to have it kept."""

    last4: str
    outcome: Outcome
    brand: str = "visa"
    decline_code: str | None = None
    attaches: bool = True


VISA = Card("4242", Outcome.PAY)
DECLINING = Card("0002", Outcome.DECLINE, decline_code="generic_decline", attaches=False)
AUTHENTICATING = Card("3220", Outcome.AUTHENTICATE)
TEST_CARDS = {
    "pm_card_visa": VISA,
    "pm_card_mastercard": Card("4444", Outcome.PAY, brand="mastercard"),
    "pm_card_chargeDeclined": DECLINING,
    "pm_card_chargeDeclinedInsufficientFunds": Card(
        "9995", Outcome.DECLINE, decline_code="insufficient_funds", attaches=False
    ),
    "pm_card_chargeCustomerFail": Card("0341", Outcome.DECLINE, decline_code="generic_decline"),
    "pm_card_threeDSecure2Required": AUTHENTICATING,
    "pm_card_authenticationRequired": Card("3184", Outcome.AUTHENTICATE),
}


def named(world: World, id: str, *, param: str) -> Json:
    """The method of this id; a test name makes a fresh one, as with Stripe."""
    if id in TEST_CARDS:
        return new_card(world, TEST_CARDS[id])
    return world.get("payment_method", id, param=param)


def card_of(world: World, method: Json) -> Card:
    card: Card = world.notes[method["id"]]
    return card


def new_card(world: World, card: Card, *, email: str | None = None) -> Json:
    year = 1970 + (world.now() // YEAR_SECONDS) + EXPIRES_IN_YEARS
    details = world.blank(
        "payment_method_card",
        brand=card.brand,
        display_brand=card.brand,
        last4=card.last4,
        country="US",
        funding="credit",
        fingerprint=world.token(16),
        exp_month=12,
        exp_year=year,
    )
    method = _new(world, "card", details, email)
    world.notes[method["id"]] = card
    return method


def new_bank_debit(world: World, kind: str, *, email: str | None = None) -> Json:
    return _new(world, kind, world.blank(f"payment_method_{kind}", last4="6789"), email)


def attach_to(world: World, id: str, customer: Json, *, param: str) -> Json:
    method = named(world, id, param=param)
    card = world.notes.get(method["id"])
    if card and not card.attaches:
        raise Refused(
            "Your card was declined.",
            status=402,
            kind="card_error",
            code="card_declined",
            decline_code=card.decline_code,
        )
    if method["customer"] not in (None, customer["id"]):
        raise Refused("The payment method you provided has already been attached to a customer.")
    method["customer"] = customer["id"]
    world.emit("payment_method.attached", method)
    return method


def attach(world: World, call: Call) -> Json:
    if "customer" not in call.params:
        raise Refused("Missing required param: customer.", code="parameter_missing", param="customer")
    customer = world.get("customer", call.params["customer"], param="customer")
    return attach_to(world, call.ids["payment_method"], customer, param="payment_method")


def retrieve_method(world: World, call: Call) -> Json:
    id = call.ids["payment_method"]
    return named(world, id, param="") if id in TEST_CARDS else world.get("payment_method", id)


def _new(world: World, kind: str, details: Json, email: str | None) -> Json:
    return world.new(
        "payment_method",
        "pm",
        type=kind,
        allow_redisplay="unspecified",
        billing_details=world.blank("billing_details", email=email),
        metadata={},
        **{kind: details},
    )


OPERATIONS = (
    Operation("GET", "/v1/payment_methods/{payment_method}", retrieve_method),
    Operation("POST", "/v1/payment_methods/{payment_method}/attach", attach, "customer"),
)
