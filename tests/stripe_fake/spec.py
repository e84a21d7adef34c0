"""Stripe's published OpenAPI: what may be asked, and what a true answer looks like."""

import json
import re
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

Json = dict[str, Any]

SPEC_FILE = Path(__file__).resolve().parents[2] / ".cache" / "stripe" / "spec3.json"
FORM = "application/x-www-form-urlencoded"
MAX_COMPLAINTS = 5
MAX_COMPLAINT = 400


class SpecMissing(RuntimeError):
    """Stripe's OpenAPI has not been fetched yet."""


@cache
def published() -> "Spec":
    """The spec, read once a process."""
    if not SPEC_FILE.exists():
        raise SpecMissing("Stripe's OpenAPI is missing at .cache/stripe/spec3.json: run make test")
    return Spec(json.loads(SPEC_FILE.read_bytes()))


class Spec:
    """One version of Stripe's API; validators are compiled when first needed."""

    def __init__(self, document: Json) -> None:
        self.version: str = document["info"]["version"]
        self._paths: dict[str, Json] = document["paths"]
        self._schemas: dict[str, Json] = document["components"]["schemas"]
        self._strict = {name: _strict(schema) for name, schema in self._schemas.items()}
        self._validators: dict[str, Draft202012Validator] = {}
        self._templates = [(template_pattern(path), path) for path in self._paths]
        hooks = self.parameters("POST", "/v1/webhook_endpoints")["properties"]["enabled_events"]
        self.event_types = frozenset(hooks["items"]["enum"])

    def template_of(self, method: str, path: str) -> str | None:
        """The spec's path template that serves this request, if it has one."""
        fits = (template for pattern, template in self._templates if pattern.fullmatch(path))
        return next((fit for fit in fits if method.lower() in self._paths[fit]), None)

    def parameters(self, method: str, template: str) -> Json:
        """The schema of an operation's parameters: its query, or its form body."""
        operation = self._paths[template][method.lower()]
        if method != "GET":
            schema: Json = operation["requestBody"]["content"][FORM]["schema"]
            return schema
        query = [each for each in operation["parameters"] if each["in"] == "query"]
        return {
            "type": "object",
            "properties": {each["name"]: each["schema"] for each in query},
            "required": [each["name"] for each in query if each["required"]],
        }

    def complaints(self, method: str, template: str, answer: Json) -> list[str]:
        """What is wrong with a 200 answer of this operation; empty when it is a true one."""
        success = self._paths[template][method.lower()]["responses"]["200"]
        schema = _strict(success["content"]["application/json"]["schema"])
        return self._check(f"{method} {template}", schema, answer)

    def complaints_about(self, name: str, thing: Json) -> list[str]:
        """What is wrong with a thing that claims to be of this schema."""
        return self._check(name, {"$ref": f"#/components/schemas/{name}"}, thing)

    def expandable(self, name: str) -> frozenset[str]:
        return frozenset(self._schemas[name].get("x-expandableFields", ()))

    def blank(self, name: str) -> Json:
        """The smallest true object: required fields empty, nullable ones null."""
        blank: Json = self._blank_of(self._schemas[name])
        return blank

    def _check(self, key: str, schema: Json, thing: Json) -> list[str]:
        if key not in self._validators:
            whole = {**schema, "components": {"schemas": self._strict}}
            self._validators[key] = Draft202012Validator(whole)
        errors = islice(self._validators[key].iter_errors(thing), MAX_COMPLAINTS)
        return [_told(_deepest(error)) for error in errors]

    def _blank_of(self, schema: Json) -> Any:
        if "$ref" in schema:
            return self._blank_of(self._schemas[schema["$ref"].rsplit("/", 1)[1]])
        if schema.get("nullable"):
            return None
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self._blank_of(schema["anyOf"][0])
        if schema.get("type") == "object":
            required = schema.get("required", ())
            return {
                name: self._blank_of(field)
                for name, field in schema.get("properties", {}).items()
                if name in required or field.get("nullable")
            }
        empty = {"array": [], "boolean": False, "integer": 0, "number": 0, "string": ""}
        return empty[schema["type"]]


def template_pattern(template: str) -> re.Pattern[str]:
    """`/v1/refunds/{refund}` as a pattern whose named groups are the ids."""
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


def _deepest(error: ValidationError) -> ValidationError:
    """Of an object that fits none of several schemas, what is wrong in the one it comes closest to."""
    if not isinstance(error.kind, ValidationErrorKind.AnyOf):
        return error
    inner = [_deepest(each) for branch in error.kind.context for each in branch]
    return max(inner, key=lambda each: len(each.instance_path), default=error)


def _told(error: ValidationError) -> str:
    return f"{'.'.join(map(str, error.instance_path))}: {error.message[:MAX_COMPLAINT]}"


def _strict(schema: Any) -> Any:
    """The same schema in JSON Schema's words, allowing no field that Stripe does not know."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(value) for name, value in schema.items()}
    if schema.get("type") == "object" and schema.get("properties"):
        strict.setdefault("additionalProperties", False)
    if schema.get("nullable") is not True:
        return strict
    del strict["nullable"]
    return {"anyOf": [strict, {"type": "null"}]}
