"""Line items: what a checkout session sells, how many, and what it comes to."""

from ..errors import Refused
from ..money import MINIMUMS, shown
from ..spec import Json
from ..world import World
from .prices import new_price

MAX_LINES = 100


def new_line(world: World, item: Json, name: str) -> Json:
    """One item of `line_items`, called `name` in refusals."""
    if ("price" in item) == ("price_data" in item):
        raise Refused(
            "You must specify either `price` or `price_data` when creating a line item.",
            param=name,
        )
    if "price" in item:
        price = world.get("price", item["price"], param=f"{name}[price]")
    else:
        price = new_price(world, item["price_data"], name=f"{name}[price_data]", active=False)
    if price["type"] == "recurring":
        raise Refused(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices."
        )
    if "quantity" not in item:
        raise Refused("Quantity is required.", code="parameter_missing", param=f"{name}[quantity]")
    if item["quantity"] < 1:
        raise Refused(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=f"{name}[quantity]",
        )
    total = price["unit_amount"] * item["quantity"]
    product = world.get("product", price["product"])
    return world.new(
        "item",
        "li",
        amount_subtotal=total,
        amount_total=total,
        currency=price["currency"],
        description=product["name"],
        price=price,
        quantity=item["quantity"],
        metadata={},
    )


def total_of(lines: list[Json]) -> tuple[int, str]:
    """The sum in minor units and the one currency."""
    currencies = {line["currency"] for line in lines}
    if len(currencies) > 1:
        raise Refused("All line items must have the same currency.", param="line_items")
    if len(lines) > MAX_LINES:
        raise Refused(f"You can have at most {MAX_LINES} line items.", param="line_items")
    currency = currencies.pop()
    total: int = sum(line["amount_total"] for line in lines)
    minimum = MINIMUMS.get(currency, 1)
    if 0 < total < minimum:
        raise Refused(
            f"The Checkout Session's total amount due must add up to at least {shown(minimum, currency)} {currency}",
            code="amount_too_small",
        )
    return total, currency
