"""How the doors under `/api` read and refuse: the second source's dialect over the same shop.

Bodies are snake_case with exact decimal amounts. A refusal is `{"success": false, "error", "code"}`, with its text
and status from the source's table where that has one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
from litestar import Request, Response

from purvey.agents.amounts import Usdc, exact, read
from purvey.discounts.model import Reason
from purvey.kit import ids, problems
from purvey.kit.bodies import StrictRequest
from purvey.kit.errors import Refusal
from purvey.kit.openapi import Refused
from purvey.kit.problems import begins

PREFIX: Final = "/api"
Handler = Callable[[Any, Any], Response[Any]]


class Said(NamedTuple):
    """How the source words a refusal."""

    status: int
    error: str


NOT_FOUND = Said(404, "Product not found")
BAD_CODE = Said(400, "Invalid discount code")

# The source's error tables, by the codes of our refusals.
SOURCE: Mapping[str, Said] = {
    "product_not_found": NOT_FOUND,
    "not_for_sale": NOT_FOUND,
    "not_available_yet": Said(400, "Product is not available yet"),
    "sale_ended": Said(400, "This sale has ended"),
    "sold_out": Said(400, "This product is sold out"),
    "invalid_discount": BAD_CODE,
    **{f"discount_{reason}": BAD_CODE for reason in Reason},
    "duplicate_transaction": Said(409, "Duplicate transaction"),
    "cannot_review": Said(403, "Cannot review"),
    "already_reviewed": Said(409, "Already reviewed"),
}

# Bad input is 400 in the source, whatever is wrong with it; a key used twice for different things is not bad input.
STATUS: Mapping[int, int] = {422: 400}
AS_EVER = {"idempotency_key_reused"}

# What the first source calls otherwise, in pointers and sentences. The rest is the same word in snake_case.
WORDS: Mapping[str, str] = {
    "availableFrom": "scheduled_at",
    "availableUntil": "sale_ends_at",
    "isLimited": "is_limited_quantity",
    "totalQuantity": "max_quantity",
}
CAMEL = re.compile(r"\b[a-z]+(?:[A-Z][a-z]*)+\b")


def translated(text: str) -> str:
    """The names of fields in a pointer or sentence, as this dialect has them."""
    return CAMEL.sub(lambda found: WORDS.get(found[0]) or snake(found[0]), text)


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


class Dialect(NamedTuple):
    """How the addresses that begin so refuse, also those where no door stands."""

    prefix: str
    say: Callable[[Response[Any], Exception], Response[Any]]


def spoken(handler: Handler, dialects: Sequence[Dialect]) -> Handler:
    """The handler, save where a dialect is spoken: there the problem is said in it, whoever asks and however."""

    def speak(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        dialect = next((each for each in dialects if begins(request.scope["path"], each.prefix)), None)
        return dialect.say(problems.said(request, error), error) if dialect else handler(request, error)

    return speak


def spoken_by(handlers: Mapping[Any, Handler], dialects: Sequence[Dialect]) -> dict[Any, Handler]:
    """Every handler of a refusal, speaking a dialect where it is spoken."""
    return {kind: spoken(handler, dialects) for kind, handler in handlers.items()}


def refused(answer: Response[Any], error: Exception) -> Response[Any]:
    """A problem, said in this dialect."""
    status, body = refusal_of(answer, error)
    return Response(body, status_code=status, headers=answer.headers)


def refusal_of(answer: Response[Any], error: Exception) -> tuple[int, dict[str, Any]]:
    """What a problem (RFC 9457) says, as status and body of this dialect.

    A rule names fields as the first source does; what a body is misread for has their names as they were sent.
    """
    words, extra = (translated, error.extra) if isinstance(error, Refusal) else (str, {})
    problem: dict[str, Any] = answer.content
    code, detail = problem["code"], words(problem.get("detail") or problem["title"])
    status = answer.status_code or 500
    said = SOURCE.get(code) or Said(status if code in AS_EVER else STATUS.get(status, status), detail)
    faults = [
        fault | {"pointer": words(fault["pointer"]), "detail": words(fault["detail"])}
        for fault in problem.get("errors", [])
    ]
    body = {snake(name): value for name, value in extra.items()}
    body |= {"success": False, "error": said.error, "code": code, "request_id": problem.get("requestId")}
    more = {"detail": detail if detail != said.error else None, "errors": faults}
    return said.status, {name: value for name, value in (body | more).items() if value not in (None, [], "")}


class ExactRequest(StrictRequest):
    """A body whose amounts are read as they are written."""

    def decoded(self, body: bytes, kind: Any) -> Any:
        return decoder(kind).decode(body)


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=hook, float_hook=exact)


def hook(kind: type, value: Any) -> Any:
    if kind is Usdc:
        return read(value)
    return ids.sent(kind, value)


REFUSED = Refused(
    prefix=PREFIX,
    media_type="application/json",
    name="AgentRefusal",
    schema={
        "type": "object",
        "title": "AgentRefusal",
        "description": "Why not. `code` is stable; `errors` point into the body.",
        "required": ["success", "error", "code"],
        "properties": {
            "success": {"const": False},
            "error": {"type": "string"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "request_id": {"type": "string"},
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
    },
)


DIALECTS: Final = [Dialect(PREFIX, refused), Dialect("/mcp", refused)]
