"""Customers: who buys, as the shop has told Stripe."""

from ..operations import Call, Operation, listing, retrieve
from ..params import merged_metadata
from ..spec import Json
from ..world import World
from .methods import attach_to

TEXTS = ("email", "name", "phone", "description")
MODELLED = "address metadata"


def create(world: World, call: Call) -> Json:
    customer = new_customer(world, **_texts(call), address=call.params.get("address") or None)
    customer["metadata"] = merged_metadata({}, call.params.get("metadata"))
    if method := call.params.get("payment_method"):
        attach_to(world, method, customer, param="payment_method")
    _choose_default(world, customer, call)
    world.emit("customer.created", customer)
    return customer


def update(world: World, call: Call) -> Json:
    customer = world.get("customer", call.ids["customer"])
    metadata = merged_metadata(customer["metadata"], call.params.get("metadata"))
    changes = _texts(call) | {"metadata": metadata}
    if "address" in call.params:
        changes["address"] = call.params["address"] or None
    before = world.change(customer, **changes)
    _choose_default(world, customer, call)
    world.emit("customer.updated", customer, before)
    return customer


def new_customer(world: World, **fields: object) -> Json:
    settings = world.blank("invoice_setting_customer_setting")
    return world.new(
        "customer",
        "cus",
        **{
            "balance": 0,
            "delinquent": False,
            "invoice_prefix": world.token(8).upper(),
            "invoice_settings": settings,
            "metadata": {},
            "next_invoice_sequence": 1,
            "preferred_locales": [],
            "tax_exempt": "none",
            **fields,
        },
    )


def _texts(call: Call) -> Json:
    return {name: value or None for name, value in call.asked(*TEXTS).items()}


def _choose_default(world: World, customer: Json, call: Call) -> None:
    method = call.params.get("invoice_settings", {}).get("default_payment_method")
    if method:
        world.get("payment_method", method, param="invoice_settings[default_payment_method]")
        customer["invoice_settings"]["default_payment_method"] = method


DEFAULT_METHOD = "invoice_settings.default_payment_method"
OPERATIONS = (
    Operation(
        "POST",
        "/v1/customers",
        create,
        models=f"{MODELLED} payment_method {DEFAULT_METHOD}",
        unsets=" ".join(TEXTS),
    ),
    Operation(
        "POST",
        "/v1/customers/{customer}",
        update,
        models=f"{MODELLED} {DEFAULT_METHOD}",
        unsets=" ".join(TEXTS),
    ),
    retrieve("/v1/customers/{customer}", "customer", "customer"),
    listing("/v1/customers", "customer", "email"),
)
