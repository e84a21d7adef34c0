"""Every JSON body is read by one strict type, and the description says so."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from purvey.app import litestar
from tests.vocabulary.shop import Shop


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Every struct that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs_in(field.type)
    for argument in get_args(kind):
        yield from structs_in(argument)


def bodies(shop: Shop) -> dict[str, set[type[msgspec.Struct]]]:
    """What each door under /v1 reads of a JSON body."""
    found: dict[str, set[type[msgspec.Struct]]] = {}
    for route in litestar(shop.world).routes:
        for handler in getattr(route, "route_handlers", []):
            field = handler.parsed_data_field
            if field is not None and route.path.startswith("/v1"):
                found[f"{handler.handler_name} {route.path}"] = set(structs_in(field.annotation))
    return found


@pytest.mark.feature("A2", "A12")
async def test_every_form_refuses_fields_that_it_does_not_know(shop: Shop) -> None:
    found = bodies(shop)
    assert len(found) > 20
    lax = {
        f"{door}: {kind.__name__}"
        for door, kinds in found.items()
        for kind in kinds
        if not kind.__struct_config__.forbid_unknown_fields
    }
    assert not lax


@pytest.mark.feature("A2", "A12")
async def test_the_description_closes_every_body(shop: Shop) -> None:
    schema = (await shop.http.get("/schema/openapi.json")).json()
    known = schema["components"]["schemas"]
    names = [
        body["schema"]["$ref"].rsplit("/", 1)[-1]
        for path, doors in schema["paths"].items()
        for door in doors.values()
        if path.startswith("/v1")
        and (body := door.get("requestBody", {}).get("content", {}).get("application/json"))
        and "$ref" in body["schema"]
    ]
    assert len(names) > 20
    assert [name for name in names if known[name].get("additionalProperties") is not False] == []
    assert known["QuantityTransform"]["additionalProperties"] is False
