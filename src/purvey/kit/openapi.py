"""The API described: OpenAPI 3.1 as JSON for machines, and a plain page for people."""

import html
from base64 import b64encode
from hashlib import sha256
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin

from purvey.kit.ids import Id

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2024}
code{background:#f2f3f5;padding:.1em .3em;border-radius:3px;overflow-wrap:anywhere}
details{border-bottom:1px solid #dcdfe3;padding:.5rem 0}
summary{cursor:pointer} b{display:inline-block;min-width:4.5rem} ul{margin:.3rem 0}
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
    "X-Content-Type-Options": "nosniff",
}
METHODS = ("get", "post", "put", "patch", "delete", "head")
REFUSALS = {
    "400": "The request cannot be read; `errors` names each field",
    "401": "Nobody knows who is asking",
    "403": "This person may not do that",
    "404": "There is no such thing",
    "405": "This path does not take that method",
    "408": "The body did not come whole in time",
    "409": "The thing is not in a state where this can be done",
    "412": "If-Match names an older version",
    "413": "The body is too large",
    "415": "This kind of body is not taken",
    "422": "A field is out of its rules; `errors` names each",
    "429": "Too many requests; Retry-After says when, RateLimit which limit it was",
    "503": "Something outside did not answer; trying again is safe",
}
LIMITED = {
    "Retry-After": {"description": "Seconds", "schema": {"type": "integer"}},
    "RateLimit-Policy": {"description": 'Such as `"sign-in";q=10;w=900`', "schema": {"type": "string"}},
    "RateLimit": {"description": 'Such as `"sign-in";r=0;t=30`', "schema": {"type": "string"}},
}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details. `code` is stable; `errors` point into the body.",
    "required": ["title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
}


class Refused(msgspec.Struct, frozen=True):
    """How the doors under a path say no."""

    prefix: str
    media_type: str
    name: str
    schema: dict[str, Any]

    @property
    def content(self) -> dict[str, Any]:
        return {self.media_type: {"schema": {"$ref": f"#/components/schemas/{self.name}"}}}


PROBLEMS = Refused("/", "application/problem+json", "Problem", PROBLEM)


def with_refusals(schema: dict[str, Any], *others: Refused) -> dict[str, Any]:
    """The framework's schema, with the answers by which every door may refuse, and bodies that take no more.

    A door says no as the first of the others does whose prefix it has, or by a problem.
    """
    known = schema.setdefault("components", {}).setdefault("schemas", {})
    known |= {each.name: each.schema for each in (PROBLEMS, *others)}
    for path, doors in schema["paths"].items():
        content = next(each for each in (*others, PROBLEMS) if path.startswith(each.prefix)).content
        for method, door in doors.items():
            if method in METHODS:
                answers = door.setdefault("responses", {})
                answers.pop("400", None)
                for status, meaning in REFUSALS.items():
                    limited = {"headers": LIMITED} if status == "429" else {}
                    answers.setdefault(status, {"description": meaning, "content": content} | limited)
    return closed(schema)


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, saying of every JSON body that fields it does not name are refused, and whether it may be missing."""
    known = schema["components"]["schemas"]
    bodies = [door.get("requestBody", {}) for doors in schema["paths"].values() for door in doors.values()]
    for body in bodies:
        forms = named_in(body.get("content", {}).get("application/json", {}))[:1]
        if forms and not known[forms[0]].get("required"):
            body["required"] = False
    waiting = [name for body in bodies for name in named_in(body.get("content", {}).get("application/json", {}))]
    while waiting:
        one = known[waiting.pop()]
        if "properties" in one and "additionalProperties" not in one:
            one["additionalProperties"] = False
            waiting.extend(named_in(one))
    return schema


def named_in(part: Any) -> list[str]:
    """The schemas that a part of the description refers to."""
    if isinstance(part, list):
        return [name for each in part for name in named_in(each)]
    if not isinstance(part, dict):
        return []
    here = [part["$ref"].rsplit("/", 1)[-1]] if isinstance(part.get("$ref"), str) else []
    return here + [name for each in part.values() for name in named_in(each)]


class Ids(OpenAPISchemaPlugin):
    """Tells the schema what an id looks like on the wire."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is Id

    def to_openapi_schema(self, field_definition: Any, schema_creator: Any) -> Schema:
        return Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID)


class Json(JsonRenderPlugin):
    """`/schema/openapi.json`."""

    def __init__(self, *others: Refused) -> None:
        super().__init__(path="/openapi.json")
        self.others = others

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, with_refusals(openapi_schema, *self.others))


class Page(OpenAPIRenderPlugin):
    """`/schema`: every door with its parameters, body and answers, without a script."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return page(openapi_schema).encode()


def nothing_else(answer: Response[Any]) -> Response[Any]:
    """The framework answers addresses below `/schema` with a page of its own; they are refused as any other."""
    if answer.status_code == 404:
        raise NotFoundException
    return answer


def page(schema: dict[str, Any]) -> str:
    """The schema as one readable HTML page."""
    doors = [
        section(path, method, door)
        for path, methods in sorted(schema["paths"].items())
        for method, door in methods.items()
        if method in METHODS
    ]
    title = html.escape(schema["info"]["title"])
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}: the API</title>
<style>{STYLE}</style></head>
<body><h1>{title}</h1><p>Version {html.escape(schema["info"]["version"])}.
Machines read <a href="/schema/openapi.json">/schema/openapi.json</a> (OpenAPI 3.1).</p>
<p>Send <code>Authorization: Bearer …</code>; repeat a write safely with <code>Idempotency-Key</code>.
Errors are problem bodies (RFC 9457).</p>{"".join(doors)}</body></html>"""


def section(path: str, method: str, door: dict[str, Any]) -> str:
    """One door: what it does, takes and answers."""
    about = html.escape(door.get("description") or door.get("summary") or "")
    parameters = "".join(
        f"<li><code>{html.escape(one['name'])}</code> in {one['in']}{'' if one.get('required') else ', optional'}</li>"
        for one in door.get("parameters", [])
    )
    bodies = [shape(content) for content in door.get("requestBody", {}).get("content", {}).values()]
    answers = "".join(
        f"<li><code>{status}</code> {html.escape(answer.get('description', ''))}</li>"
        for status, answer in sorted(door.get("responses", {}).items())
        if status.startswith(("2", "3"))
    )
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{html.escape(path)}</code> {about}</summary>"
        f"{f'<h4>Parameters</h4><ul>{parameters}</ul>' if parameters else ''}"
        f"{f'<h4>Body</h4>{bodies[0]}' if bodies else ''}<h4>Answers</h4><ul>{answers}</ul></details>"
    )


def shape(content: dict[str, Any]) -> str:
    schema = content.get("schema", {})
    name = schema.get("$ref", "").rsplit("/", 1)[-1] or schema.get("type", "")
    return f"<p><code>{html.escape(name)}</code></p>"
