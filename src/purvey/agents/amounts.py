"""USDC on the wire is a decimal number of whole units, such as 9.99; inside it is counted in millionths.

No float stands between the two. Going out, at most 15 digits are written as the shortest number that reads back as
the same one, which is the number itself.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from msgspec import Meta

from purvey.kit.errors import Invalid
from purvey.kit.money import MAX_MINOR, USDC, Money

WHOLE = 10**6
MOST = MAX_MINOR // WHOLE
ABOUT = "In USDC, with up to 6 decimals"

Shown = Annotated[float, Meta(description=ABOUT)]


class Usdc:
    """An amount read from a JSON number; `minor` is millionths."""

    __slots__ = ("minor",)

    def __init__(self, minor: int) -> None:
        self.minor = minor


def shown(minor: int) -> float:
    """Millionths as the number that goes on the wire."""
    return minor / WHOLE


def exact(text: str) -> Decimal:
    """A JSON number with a point or an exponent, as it was written; one that cannot be counted is infinite."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def read(value: Any) -> Usdc:
    """What a body says, as an amount; ValueError with what its sender is told of it."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number of USDC such as 9.99")
    number = Decimal(value)
    if number.is_signed():
        raise ValueError("must not be below 0")
    if number > MOST:
        raise ValueError(f"must be at most {MOST}")
    try:
        return Usdc(Money.of_decimal(number, USDC).minor)
    except Invalid:
        raise ValueError("must have at most 6 decimals") from None


class Amounts(OpenAPISchemaPlugin):
    """Tells the schema what an amount looks like on the wire."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is Usdc

    def to_openapi_schema(self, field_definition: Any, schema_creator: Any) -> Schema:
        return Schema(type=OpenAPIType.NUMBER, minimum=0, maximum=MOST, description=ABOUT)
