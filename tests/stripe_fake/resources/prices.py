"""Products and prices, as far as a checkout names them."""

from ..errors import Refused, missing_parameter
from ..money import check_unit, known_currency
from ..operations import Call, Operation, listing, retrieve
from ..params import merged_metadata
from ..spec import Json
from ..world import World

PRODUCT_FIELDS = ("name", "description", "active", "images", "url", "tax_code", "unit_label")
PRICE_FIELDS = ("nickname", "active", "lookup_key", "tax_behavior")


def create_product(world: World, call: Call) -> Json:
    product = new_product(world, call.params)
    world.emit("product.created", product)
    return product


def update_product(world: World, call: Call) -> Json:
    product = world.get("product", call.ids["id"])
    metadata = merged_metadata(product["metadata"], call.params.get("metadata"))
    before = world.change(product, **call.asked(*PRODUCT_FIELDS), metadata=metadata)
    product["updated"] = world.now()
    world.emit("product.updated", product, before)
    return product


def create_price(world: World, call: Call) -> Json:
    price = new_price(world, call.params, name="")
    world.emit("price.created", price)
    return price


def update_price(world: World, call: Call) -> Json:
    price = world.get("price", call.ids["price"])
    metadata = merged_metadata(price["metadata"], call.params.get("metadata"))
    before = world.change(price, **call.asked(*PRICE_FIELDS), metadata=metadata)
    world.emit("price.updated", price, before)
    return price


def new_product(world: World, params: Json, *, active: bool = True) -> Json:
    fields = {name: params[name] for name in PRODUCT_FIELDS if name in params}
    metadata = merged_metadata({}, params.get("metadata"))
    return world.new(
        "product",
        "prod",
        **{"active": active, "updated": world.now(), "metadata": metadata, **fields},
    )


def new_price(world: World, params: Json, *, name: str, active: bool = True) -> Json:
    """From a price's parameters or a line item's `price_data`, called `name` in refusals."""
    where = f"{name}[{{}}]" if name else "{}"
    currency = known_currency(params["currency"], param=where.format("currency"))
    if "unit_amount" not in params:
        raise missing_parameter(where.format("unit_amount"))
    check_unit(params["unit_amount"], currency, param=where.format("unit_amount"))
    fields = {each: params[each] for each in PRICE_FIELDS if each in params}
    recurring = params.get("recurring")
    return world.new(
        "price",
        "price",
        **{
            "active": active,
            "billing_scheme": "per_unit",
            "currency": currency,
            "metadata": merged_metadata({}, params.get("metadata")),
            "product": _product_of(world, params, where, active=active),
            "recurring": _recurring(world, recurring) if recurring else None,
            "tax_behavior": "unspecified",
            "type": "recurring" if recurring else "one_time",
            "unit_amount": params["unit_amount"],
            "unit_amount_decimal": str(params["unit_amount"]),
            **fields,
        },
    )


def _product_of(world: World, params: Json, where: str, *, active: bool) -> str:
    if ("product" in params) == ("product_data" in params):
        raise Refused(
            "You must specify either `product` or `product_data` when creating a price.",
            code="parameter_missing",
            param=where.format("product"),
        )
    if "product" in params:
        product = world.get("product", params["product"], param=where.format("product"))
    else:
        product = new_product(world, params["product_data"], active=active)
    return str(product["id"])


def _recurring(world: World, asked: Json) -> Json:
    chosen = {"interval_count": 1, "usage_type": "licensed"} | asked
    return world.blank("recurring", **chosen)


OPERATIONS = (
    Operation("POST", "/v1/products", create_product, " ".join(PRODUCT_FIELDS) + " metadata"),
    Operation("POST", "/v1/products/{id}", update_product, " ".join(PRODUCT_FIELDS) + " metadata"),
    retrieve("/v1/products/{id}", "product", "id"),
    listing("/v1/products", "product", "active"),
    Operation(
        "POST",
        "/v1/prices",
        create_price,
        " ".join(PRICE_FIELDS) + " currency unit_amount product metadata"
        " product_data.name product_data.metadata recurring.interval recurring.interval_count",
    ),
    Operation("POST", "/v1/prices/{price}", update_price, " ".join(PRICE_FIELDS) + " metadata"),
    retrieve("/v1/prices/{price}", "price", "price"),
    listing("/v1/prices", "price", "active", "product", "type", "currency"),
)
