"""The buyer's part at Stripe's hosted page: pay, be declined, be asked, wait, leave."""

from .errors import Refused
from .resources import attempts, charges
from .resources.customers import new_customer
from .resources.methods import AUTHENTICATING, DECLINING, VISA, Outcome, new_bank_debit, new_card
from .resources.sessions import plan_of
from .spec import Json
from .world import World

CARDS = {Outcome.PAY: VISA, Outcome.DECLINE: DECLINING, Outcome.AUTHENTICATE: AUTHENTICATING}


def submit(world: World, session: Json, outcome: Outcome, *, email: str) -> None:
    """Send the hosted page's form. Raises `Refused` when the page could not offer it."""
    if session["status"] != "open":
        raise Refused(f"This Checkout Session is {session['status']}.", status=410)
    bank = next((kind for kind in session["payment_method_types"] if "debit" in kind or "bank" in kind), "")
    if outcome is Outcome.PROCESSING and not bank:
        raise Refused("This Checkout Session takes no bank debit.")
    if session["payment_status"] == "no_payment_required":
        _complete(world, session, email)
        return
    intent = _intent_of(world, session)
    if intent["status"] == "requires_action":
        attempts.authenticated(world, intent, passed=outcome is Outcome.PAY)
    elif outcome is Outcome.PROCESSING:
        attempts.attempt(world, intent, new_bank_debit(world, bank, email=email), outcome)
    else:
        method = new_card(world, CARDS[outcome], email=email)
        attempts.attempt(world, intent, method, outcome)
    if intent["status"] in ("succeeded", "processing"):
        _complete(world, session, email)


def settle(world: World, session: Json, *, succeeded: bool) -> None:
    """The bank's word on a debit that was processing."""
    intent = world.get("payment_intent", session["payment_intent"])
    if intent["status"] != "processing":
        raise ValueError(f"{intent['id']} is not processing: it is {intent['status']}")
    charge = world.get("charge", intent["latest_charge"])
    charges.settled(world, charge, succeeded=succeeded)
    if succeeded:
        attempts.succeeded(world, intent)
        session["payment_status"] = "paid"
        world.emit("checkout.session.async_payment_succeeded", session)
    else:
        method = world.get("payment_method", intent["payment_method"])
        attempts.failed(world, intent, method, charges.DEBIT_FAILED)
        world.emit("checkout.session.async_payment_failed", session)


def _intent_of(world: World, session: Json) -> Json:
    """Made when the buyer first submits, as Checkout does, and used again after a decline."""
    if id := session["payment_intent"]:
        return world.get("payment_intent", id)
    intent = attempts.new_intent(
        world,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        payment_method_types=session["payment_method_types"],
        **plan_of(world, session).intent_fields,
    )
    session["payment_intent"] = intent["id"]
    world.notes[f"return_url {intent['id']}"] = session["url"]
    return intent


def _complete(world: World, session: Json, email: str) -> None:
    if session["customer_creation"] == "always":
        customer = new_customer(world, email=email)
        world.emit("customer.created", customer)
        session["customer"] = customer["id"]
    details = session["customer_details"] or world.blank(
        "payment_pages_checkout_session_customer_details", tax_exempt="none"
    )
    session["customer_details"] = details | {"email": details["email"] or email}
    world.change(session, status="complete", url=None)
    if session["payment_intent"]:
        intent = world.get("payment_intent", session["payment_intent"])
        session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
    world.emit("checkout.session.completed", session)
