"""Form parameters as Stripe reads them: bracketed names in, values checked by the spec out."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .errors import Refused, missing_parameter, unknown_parameter
from .spec import Json

MAX_METADATA_KEYS = 50
MAX_METADATA_KEY = 40
MAX_METADATA_VALUE = 500


def nested(pairs: Iterable[tuple[str, str]]) -> Json:
    """`a[b][0]=x` as {"a": {"b": {"0": "x"}}}; the spec says later which of them are lists."""
    tree: Json = {}
    for name, value in pairs:
        *steps, last = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        node = tree
        for step in steps:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise Refused(f"Invalid hash: {name}", param=name)
        node[last or str(len(node))] = value
    return tree


def checked(value: Any, schema: Json, name: str = "") -> Any:
    """The value in its proper type, or Stripe's refusal naming the parameter."""
    if "anyOf" in schema:
        return _any_of(value, schema["anyOf"], name)
    if schema["type"] == "object":
        return _hash(value, schema, name)
    if schema["type"] == "array":
        return _array(value, schema, name)
    if not isinstance(value, str):
        raise Refused(f"Invalid string: {name}", param=name)
    return _scalar(value, schema, name)


def flat_names(params: Any, name: str = "") -> Iterator[str]:
    """Every leaf as a dotted name without list positions: `line_items.price_data.currency`."""
    if isinstance(params, dict) and params:
        for key, value in params.items():
            yield from flat_names(value, f"{name}.{key}" if name else key)
    elif isinstance(params, list) and params:
        for value in params:
            yield from flat_names(value, name)
    elif name:
        yield name


def merged_metadata(old: Json, new: Json | str | None) -> Json:
    """Keys posted with an empty value go; an empty value for the whole clears it."""
    if new is None:
        return old
    if isinstance(new, str):
        return {}
    return {key: value for key, value in {**old, **new}.items() if value != ""}


def _any_of(value: Any, schemas: list[Json], name: str) -> Any:
    refusals = []
    for schema in schemas:
        try:
            return checked(value, schema, name)
        except Refused as refusal:
            refusals.append(refusal)
    shape = "object" if isinstance(value, dict) else "string"
    fitting = [r for r, s in zip(refusals, schemas, strict=True) if (s["type"] == "object") == (shape == "object")]
    raise (fitting or refusals)[0]


def _hash(value: Any, schema: Json, name: str) -> Json:
    if not isinstance(value, dict):
        raise Refused(f"Invalid hash: {name}", param=name)
    if name.endswith("metadata"):
        _check_metadata(value, name)
    known: dict[str, Json] = schema.get("properties", {})
    others: Json = schema.get("additionalProperties") or {}
    for key in value:
        if key not in known and not others:
            raise unknown_parameter(_inner(name, key))
    for key in schema.get("required", ()):
        if key not in value:
            raise missing_parameter(_inner(name, key))
    return {key: checked(each, known.get(key, others), _inner(name, key)) for key, each in value.items()}


def _array(value: Any, schema: Json, name: str) -> list[Any]:
    if not isinstance(value, dict) or not all(key.isdigit() for key in value):
        raise Refused("Invalid array", param=name)
    ordered = sorted(value.items(), key=lambda item: int(item[0]))
    return [checked(each, schema["items"], _inner(name, key)) for key, each in ordered]


def _scalar(value: str, schema: Json, name: str) -> Any:
    if schema["type"] == "integer":
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise Refused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
        return int(value)
    if schema["type"] == "number":
        return float(value)
    if schema["type"] == "boolean":
        if value not in ("true", "false"):
            raise Refused(f"Invalid boolean: {value}", param=name)
        return value == "true"
    choices = schema.get("enum")
    if choices and value not in choices:
        *most, last = choices
        named = f"{', '.join(most)}, or {last}" if most else last
        raise Refused(f"Invalid {name}: must be one of {named}", param=name)
    if len(value) > schema.get("maxLength", len(value)):
        raise Refused(
            f"Invalid string: {value[:20]}...; must be at most {schema['maxLength']} characters",
            code="parameter_invalid_string",
            param=name,
        )
    return value


def _check_metadata(metadata: Json, name: str) -> None:
    if len(metadata) > MAX_METADATA_KEYS:
        raise Refused(f"You cannot have more than {MAX_METADATA_KEYS} metadata keys", param=name)
    for key, value in metadata.items():
        if len(key) > MAX_METADATA_KEY:
            raise Refused(
                f"Metadata keys can have up to {MAX_METADATA_KEY} characters, but you passed in "
                f"a key that is {len(key)} characters. Invalid key: {key}",
                param=name,
            )
        if len(value) > MAX_METADATA_VALUE:
            raise Refused(
                f"Metadata values can have up to {MAX_METADATA_VALUE} characters, but you passed "
                f"in a value that is {len(value)} characters. Invalid value: {value}",
                param=name,
            )


def _inner(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key
