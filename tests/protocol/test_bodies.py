"""Every JSON body is read by one strict type, and the description says so."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
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


async def test_the_page_of_the_description_runs_nothing_and_shows_its_own_style(shop: Shop) -> None:
    answer = await shop.http.get("/schema")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    assert policy["style-src"] == f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    assert "style=" not in answer.text and "<script" not in answer.text
