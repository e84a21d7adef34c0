"""Browsers of any origin read what is public and use the doors of agents (Fetch standard, CORS), never with cookies.

Who asks there is told by headers alone, so that no page can do anything in its visitor's name.
"""

import re
from collections.abc import Iterable
from typing import Final

from purvey.kit.asgi import ASGIApp, Message, Receive, Scope, Send

READS: Final = frozenset({"GET", "HEAD"})
ALL: Final = READS | {"POST", "PUT", "PATCH", "DELETE"}
ID: Final = r"[^/]+"
PUBLIC: Final = {
    rf"/v1/s/.*|/v1/products/{ID}/reviews|/v1/chapters/{ID}(?:/access-check)?|/schema(?:/.*)?|/media/.*"
    rf"|/downloads/{ID}|(?:/s/{ID})?/llms\.txt": READS,
    rf"/uploads/{ID}": frozenset({"PUT"}),
    r"/api(?:/.*)?|/mcp": ALL,
}
EXPOSED: Final = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Idempotent-Replayed, Location, PAYMENT-REQUIRED, "
    "PAYMENT-RESPONSE, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-PAYMENT-RESPONSE, X-Request-Id"
)
# A published client sends Access-Control-Expose-Headers with its request, so that it must be let.
TAKEN: Final = (
    "Accept, Access-Control-Expose-Headers, Authorization, Content-Digest, Content-Type, Idempotency-Key, If-Match, "
    "If-None-Match, If-Range, Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, "
    "PAYMENT-SIGNATURE, Range, Signature, Signature-Input, X-PAYMENT, X-Request-Id, X-SIWA-Receipt"
)
ANY_ORIGIN: Final = (b"access-control-allow-origin", b"*")
ANSWER: Final = (ANY_ORIGIN, (b"access-control-expose-headers", EXPOSED.encode()))
ASKED_METHOD: Final = b"access-control-request-method"
KEPT_SECONDS: Final = 7_200


def cors(app: ASGIApp, *, agents_paths: Iterable[str]) -> ASGIApp:
    """Wrap the application. `agents_paths`: further doors of agents, wherever the settings put them."""
    table = {**PUBLIC, "|".join(map(re.escape, agents_paths)): ALL}
    opened = [(re.compile(pattern, re.IGNORECASE), methods) for pattern, methods in table.items()]

    async def through(scope: Scope, receive: Receive, send: Send) -> None:
        methods = opened_at(scope["path"], opened) if scope["type"] == "http" else None
        if not methods:
            await app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and any(name == ASKED_METHOD for name, _ in scope["headers"]):
            await send({"type": "http.response.start", "status": 204, "headers": preflight(methods)})
            await send({"type": "http.response.body", "body": b""})
        else:
            await app(scope, receive, exposing(send) if scope["method"] in methods else send)

    return through


def opened_at(path: str, opened: Iterable[tuple[re.Pattern[str], frozenset[str]]]) -> frozenset[str] | None:
    """The methods that browsers of any origin may use at a path."""
    return next((methods for pattern, methods in opened if pattern.fullmatch(path)), None)


def preflight(methods: frozenset[str]) -> list[tuple[bytes, bytes]]:
    return [
        ANY_ORIGIN,
        (b"access-control-allow-methods", ", ".join(sorted(methods)).encode()),
        (b"access-control-allow-headers", TAKEN.encode()),
        (b"access-control-max-age", b"%d" % KEPT_SECONDS),
    ]


def exposing(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *ANSWER]
        await send(message)

    return answer
