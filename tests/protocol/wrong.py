"""What is wrong for a field, read from how the API describes it."""

import re
from collections.abc import Iterator
from typing import Any

from tests.protocol.described import DESCRIBED

Schema = dict[str, Any]
SAMPLES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "word",
    "array": [],
    "object": {},
}
ODD_TEXTS = ["", "   ", "a\nb", "Not it!", "a\u0001b", "-"]
BEYOND = [-(10**18), 10**18, 2**63, -(2**63) - 1, 10**400]
NO_TIMES = ["yesterday", "2030-01-01T00:00:00", "2030-13-01T00:00:00Z", "2030-01-01"]


def resolved(schema: Schema) -> Schema:
    """The schema itself, when it stands elsewhere."""
    while "$ref" in schema:
        schema = DESCRIBED["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def options(schema: Schema) -> list[Schema]:
    """Each way a value may be, null among them."""
    schema = resolved(schema)
    if "oneOf" not in schema:
        return [schema]
    around = {key: value for key, value in schema.items() if key != "oneOf"}
    return [around | resolved(option) for option in schema["oneOf"]]


def wrong_values(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Where in the field, as the rest of a JSON pointer, and what; nothing for a field that takes anything."""
    ways = options(schema)
    allowed = {way["type"] for way in ways if "type" in way}
    if not allowed:
        return
    if "number" in allowed:
        allowed.add("integer")
    yield from (("", sample) for kind, sample in SAMPLES.items() if kind not in allowed)
    for way in ways:
        yield from (("", value) for value in wrong_texts(way) if way.get("type") == "string")
        if way.get("type") in ("integer", "number"):
            yield from (("", value) for value in [*BEYOND, *just_beyond(way)])
        if way.get("type") == "array":
            yield from wrong_lists(way)
        if way.get("type") == "object":
            yield from wrong_objects(way)


def wrong_texts(way: Schema) -> Iterator[str]:
    yield "a\x00b"
    if "enum" in way or "const" in way:
        yield "NOT_ONE_OF_THEM"
    elif way.get("format") == "uuid":
        return  # a word that is no id is an unknown one: test_unknown_ids
    elif way.get("format") == "date-time":
        yield from NO_TIMES
    else:
        if "maxLength" in way:
            yield "x" * (way["maxLength"] + 1)
        if way.get("minLength"):
            yield "x" * (way["minLength"] - 1)
        if "pattern" in way:
            yield from (text for text in ODD_TEXTS if not re.search(way["pattern"], text))


def just_beyond(way: Schema) -> Iterator[int]:
    if "minimum" in way:
        yield int(way["minimum"]) - 1
    if "maximum" in way:
        yield int(way["maximum"]) + 1


def wrong_lists(way: Schema) -> Iterator[tuple[str, Any]]:
    item = way["items"]
    if "maxItems" in way:
        yield "", [sample_of(item)] * (way["maxItems"] + 1)
    if way.get("minItems"):
        yield "", [sample_of(item)] * (way["minItems"] - 1)
    yield from ((f"/0{rest}", [wrong]) for rest, wrong in wrong_values(item))


def wrong_objects(way: Schema) -> Iterator[tuple[str, Any]]:
    for name, field in way.get("properties", {}).items():
        yield from ((f"/{name}{rest}", {name: wrong}) for rest, wrong in wrong_values(field))
    if way.get("properties"):
        yield "/nobodyKnowsThis", {"nobodyKnowsThis": 1}


def sample_of(schema: Schema) -> Any:
    """Something that fits, roughly."""
    way = options(schema)[0]
    if "enum" in way:
        return way["enum"][0]
    if way.get("format") == "uuid":
        return "01900000-0000-7000-8000-000000000000"
    if way.get("type") == "object":
        return {name: sample_of(way["properties"][name]) for name in way.get("required", [])}
    return SAMPLES[way.get("type", "null")]
