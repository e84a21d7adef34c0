"""Checkout sessions as the API makes, shows and expires them; `checkout` plays the buyer's part."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import Refused, Unmodelled, missing_parameter
from ..operations import Call, Operation, listing, retrieve
from ..params import merged_metadata
from ..spec import Json
from ..world import World
from .attempts import cancelled
from .lines import new_line, total_of
from .methods import BANK_DEBITS

MIN_LIFE_SECONDS = 30 * 60
MAX_LIFE_SECONDS = 24 * 60 * 60
KNOWN_TYPES = frozenset(("card", "link", "paypal", *BANK_DEBITS.values()))


@dataclass(frozen=True)
class Plan:
    """What a session keeps to itself until its buyer acts."""

    lines: list[Json]
    intent_fields: Json


def create(world: World, call: Call) -> Json:
    params = call.params
    if "mode" not in params:
        raise missing_parameter("mode")
    if params["mode"] != "payment":
        raise Unmodelled(f"mode={params['mode']}")
    if "success_url" not in params:
        raise missing_parameter("success_url")
    for param in ("success_url", "cancel_url"):
        _check_url(params.get(param), param)
    if not params.get("line_items"):
        raise missing_parameter("line_items")
    expires_at = _expiry(world, params.get("expires_at"))
    customer = _customer(world, params)
    lines = [new_line(world, item, f"line_items[{n}]") for n, item in enumerate(params["line_items"])]
    total, currency = total_of(lines)
    session = world.new(
        "checkout.session",
        "cs_test",
        mode="payment",
        status="open",
        payment_status="unpaid" if total else "no_payment_required",
        ui_mode="hosted_page",
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        customer=customer["id"] if customer else None,
        customer_email=params.get("customer_email"),
        customer_creation=None if customer else params.get("customer_creation", "if_required"),
        customer_details=_known_buyer(world, params.get("customer_email"), customer),
        expires_at=expires_at,
        metadata=merged_metadata({}, params.get("metadata")),
        payment_method_collection="if_required",
        payment_method_options={},
        payment_method_types=_types(params, currency),
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        **call.asked("client_reference_id", "success_url", "cancel_url", "locale", "submit_type"),
    )
    session["url"] = f"{world.base_url}/c/pay/{session['id']}"
    world.notes[session["id"]] = Plan(lines, _intent_fields(params.get("payment_intent_data", {})))
    return session


def expire(world: World, call: Call) -> Json:
    session = world.get("checkout.session", call.ids["session"])
    if session["status"] != "open":
        raise Refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{session['status']}`."
        )
    expired(world, session)
    return session


def list_lines(world: World, call: Call) -> Json:
    session = world.get("checkout.session", call.ids["session"])
    lines = plan_of(world, session).lines
    return world.page(call.path, iter(lines[::-1]), call.params)


def lines_of(world: World, session: Json) -> Json:
    """The list that `expand[]=line_items` puts in the session."""
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return world.page(url, iter(plan_of(world, session).lines[::-1]), {})


def plan_of(world: World, session: Json) -> Plan:
    plan: Plan = world.notes[session["id"]]
    return plan


def expired(world: World, session: Json) -> None:
    """By the API or by the clock; an unfinished intent goes with it."""
    world.change(session, status="expired", url=None)
    if id := session["payment_intent"]:
        cancelled(world, world.get("payment_intent", id), "expired")
    world.emit("checkout.session.expired", session)


def expire_overdue(world: World) -> None:
    for session in world.every("checkout.session", status="open"):
        if session["expires_at"] <= world.now():
            expired(world, session)


def _check_url(url: str | None, param: str) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refused("Not a valid URL", code="url_invalid", param=param)


def _expiry(world: World, asked: int | None) -> int:
    if asked is None:
        return world.now() + MAX_LIFE_SECONDS
    if asked < world.now() + MIN_LIFE_SECONDS:
        raise Refused(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if asked >= world.now() + MAX_LIFE_SECONDS:
        raise Refused(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return asked


def _customer(world: World, params: Json) -> Json | None:
    if "customer" in params and "customer_email" in params:
        raise Refused(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer",
        )
    email = params.get("customer_email")
    if email is not None and ("@" not in email or " " in email):
        raise Refused(f"Invalid email address: {email}", code="email_invalid", param="customer_email")
    if "customer" not in params:
        return None
    return world.get("customer", params["customer"], param="customer")


def _known_buyer(world: World, email: str | None, customer: Json | None) -> Json | None:
    known = customer["email"] if customer else email
    if not known and not customer:
        return None
    details = world.blank("payment_pages_checkout_session_customer_details", email=known)
    return details | {"tax_exempt": "none", "name": customer["name"] if customer else None}


def _types(params: Json, currency: str) -> list[str]:
    asked: list[str] | None = params.get("payment_method_types")
    if asked is None:
        return ["card", *([BANK_DEBITS[currency]] if currency in BANK_DEBITS else [])]
    for each in asked:
        if each not in KNOWN_TYPES:
            raise Refused(f"Invalid payment_method_types: {each}", param="payment_method_types")
        if each in BANK_DEBITS.values() and BANK_DEBITS.get(currency) != each:
            raise Refused(
                f"The payment method `{each}` cannot be used with the currency `{currency}`.",
                param="payment_method_types",
            )
    return asked


def _intent_fields(asked: Json) -> Json:
    return asked | {"metadata": merged_metadata({}, asked.get("metadata"))}


OPERATIONS = (
    Operation(
        "POST",
        "/v1/checkout/sessions",
        create,
        "mode success_url cancel_url expires_at customer customer_email customer_creation metadata "
        "client_reference_id locale submit_type payment_method_types payment_intent_data.metadata "
        "payment_intent_data.description payment_intent_data.receipt_email "
        "payment_intent_data.statement_descriptor_suffix ui_mode line_items.price "
        "line_items.quantity line_items.price_data.currency line_items.price_data.unit_amount "
        "line_items.price_data.product line_items.price_data.product_data "
        "line_items.price_data.recurring line_items.price_data.tax_behavior",
    ),
    Operation("POST", "/v1/checkout/sessions/{session}/expire", expire),
    Operation(
        "GET",
        "/v1/checkout/sessions/{session}/line_items",
        list_lines,
        "limit starting_after ending_before",
    ),
    retrieve("/v1/checkout/sessions/{session}", "checkout.session", "session"),
    listing("/v1/checkout/sessions", "checkout.session", "payment_intent", "customer", "status"),
)
