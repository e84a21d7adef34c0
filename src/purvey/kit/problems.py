"""The edge: refusals become RFC 9457 problem bodies, and nothing a client sends becomes a 500 by accident."""

import re
from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from purvey.kit import errors, misreads
from purvey.kit.db import AGAIN_AFTER_SECONDS, AWAY, tell_away
from purvey.kit.edge import shown
from purvey.kit.errors import FieldError, Refusal

log = structlog.get_logger("purvey.http")

STATUS: dict[type[Refusal], int] = {
    errors.Unauthenticated: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Malformed: 400,
    errors.Invalid: 422,
    errors.Stale: 412,
    errors.TooSlow: 408,
    errors.TooLarge: 413,
    errors.HeadTooLarge: 431,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
DOORS = "GET /schema/openapi.json"
PROBLEM_JSON = "application/problem+json"


class Problem(msgspec.Struct, omit_defaults=True, rename="camel"):
    """RFC 9457 problem details; `code` is stable, `errors` point into the body."""

    title: str
    status: int
    code: str
    detail: str = ""
    type: str = "about:blank"
    errors: list[FieldError] = []
    request_id: str = ""


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal: its kind's, or 409."""
    return next((STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS), 409)


def answer(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    detail: str,
    *,
    errors: tuple[FieldError, ...] = (),
    extra: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    """A problem as a response."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=list(errors),
        request_id=request.scope.get("state", {}).get("request_id", ""),
    )
    content = msgspec.to_builtins(body) | {"status": status} | (extra or {})
    return Response(content, status_code=status, media_type=PROBLEM_JSON, headers=headers or {})


def refuse(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """An expected no."""
    status = status_of(refusal)
    headers = {} if refusal.retry_after_seconds is None else {"Retry-After": str(refusal.retry_after_seconds)}
    if status == 408:
        headers["Connection"] = "close"  # the rest of the body is not waited for either
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return answer(
        request, status, refusal.reason, refusal.detail, errors=refusal.errors, extra=refusal.extra, headers=headers
    )


def misread(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """A body, query or path that does not fit its type; each fault is named by pointer or parameter."""
    found = [item if isinstance(item, FieldError) else parameter_error(item, request) for item in error.extra or []]
    found = found or [missing_parameter(error.detail)]
    detail = "; ".join(item.sentence for item in found)
    return answer(request, 400, "invalid", detail, errors=tuple(found))


def parameter_error(item: Any, request: Request[Any, Any, Any]) -> FieldError:
    """What the framework cannot read of a query, header or path, by the name that it has on the wire."""
    key, source = item.get("key", "data").partition(".")[0], item.get("source", "body")
    field = request.route_handler.parsed_fn_signature.parameters.get(key)
    name = getattr(field.kwarg_definition, "name", None) if field else None
    found = misreads.fault_of(item["message"], field.annotation if field else Any)
    pointer = "" if key == "data" else f"{getattr(source, 'value', source)}:{name or camel(key)}"
    return FieldError(pointer, found.detail, found.code)


MISSING = re.compile(r"Missing required ([a-z]+) parameter '([^']*)'")


def missing_parameter(message: str) -> FieldError:
    found = MISSING.match(message)
    return FieldError(f"{found[1]}:{found[2]}", "is missing", "missing") if found else misreads.fault_of(message)


def camel(name: str) -> str:
    """A parameter as it is called on the wire: perPage for per_page."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def plain(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses by itself: unknown addresses, methods, too large bodies."""
    if error.status_code >= 500:
        return crash(request, error)
    status, headers = error.status_code, dict(error.headers or {})
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    return answer(request, status, code, said_of(request, status, headers) or error.detail, headers=headers)


def said_of(request: Request[Any, Any, Any], status: int, headers: dict[str, str]) -> str | None:
    """The sentence for a status of the framework's own."""
    match status:
        case 404:
            return f"There is nothing at this address; {DOORS} lists every door"
        case 405:
            return f"This address takes {headers.get('allow', 'other methods')}, and not {request.method}"
        case 413:
            return "The body is too large for this door"
    return None


def begins(path: str, prefix: str) -> bool:
    """Whether a path is a place under this one, in whatever case it was written."""
    return f"{path.lower()}/".startswith(f"{prefix.lower()}/")


def unspeakable(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    """Text that PostgreSQL cannot hold (NUL), or a number beyond it: the client's fault, wherever it was put."""
    asked = request.query_params.multi_items()
    found = [FieldError(f"query:{name}", misreads.NO_NUL) for name, value in asked if "\x00" in value]
    detail = "Text may not hold the character NUL, and numbers must fit in 64 bits"
    return answer(request, 400, "invalid", detail, errors=tuple(found))


def no_text(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    """Bytes that are no UTF-8, in a body or a path: nothing of ours is read in another encoding."""
    return answer(request, 400, "invalid", "What was sent is not UTF-8")


def crash(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A bug: it ends this request alone, and the log has it whole."""
    log.error("request crashed", path=shown(request.scope["path"]), method=request.method, exc_info=error)
    return answer(
        request, 500, "internal_error", "Something went wrong on our side; the request id finds it in the log"
    )


def overwhelmed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The database is away, out of connections or too slow: nothing was done, and trying again is safe."""
    tell_away(error)
    return answer(
        request,
        503,
        "unavailable",
        "The shop is busy; nothing was done, please try again",
        headers={"Retry-After": str(AGAIN_AFTER_SECONDS)},
    )


HANDLERS: dict[Any, Any] = {
    Refusal: refuse,
    ValidationException: misread,
    HTTPException: plain,
    asyncpg.CharacterNotInRepertoireError: unspeakable,
    asyncpg.UntranslatableCharacterError: unspeakable,
    asyncpg.DataError: unspeakable,
    UnicodeDecodeError: no_text,
    asyncpg.TransactionRollbackError: overwhelmed,  # a deadlock, resolved at this one's cost
    **dict.fromkeys(AWAY, overwhelmed),
    TimeoutError: overwhelmed,  # a statement that did not end, and was cancelled
    Exception: crash,
}


def said(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any error as a problem."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    answer: Response[Any] = handler(request, error)
    return answer
