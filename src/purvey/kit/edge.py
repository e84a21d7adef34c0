"""What every request passes first: a request id, one log line, one measurement, what its limits have left."""

import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from purvey.kit import throttles, urls
from purvey.kit.asgi import ASGIApp, Message, Receive, Scope, Send
from purvey.kit.depth import keep_limit
from purvey.kit.ids import new_id

log = structlog.get_logger("purvey.http")
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
BEARER = re.compile(r"(/+(?:downloads|test-bank)/+)[^/]+", re.IGNORECASE)  # who reads the word has what it opens
REQUESTS = Counter("purvey_http_requests_total", "Requests answered", ["method", "door", "status"])
PLAIN_HOST = re.compile(rb"[A-Za-z0-9.-]{1,255}(?::[1-5]?[0-9]{1,4})?")  # nearly all, told without taking them apart
COUNTS_AT_HAND = 4096
PROGRAMS = ("/v1/", "/api/", "/siwa/", "/mcp")
NOT_KEPT = ((b"cache-control", b"private, no-store"),)
SECONDS = Histogram("purvey_http_request_seconds", "Time to answer", ["method", "door"])


def edge(app: ASGIApp, *, clock: Callable[[], float] = time.perf_counter) -> ASGIApp:
    """Wrap the whole application."""

    async def through(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        keep_limit()
        began = clock()
        request_id = request_id_of(scope)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        standings = throttles.listen()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                limits = throttles.headers(standings) if standings else ()
                said = message["headers"]
                kept = () if may_be_kept(scope["path"], said) else NOT_KEPT
                message["headers"] = [*said, (b"x-request-id", request_id.encode()), *limits, *kept]
            await send(message)

        try:
            await (app if has_legible_host(scope) else no_host)(scope, receive, answer)
        finally:
            measure(scope, status, clock() - began)

    return through


def may_be_kept(path: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the answer itself says how. What a program is told may be for it alone, by whatever it is known."""
    return not path.startswith(PROGRAMS) or any(name.lower() == b"cache-control" for name, _ in headers)


def has_legible_host(scope: Scope) -> bool:
    """Whether the Host header can be read as host and port, as the framework does wherever it needs an address."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return all(PLAIN_HOST.fullmatch(host) or urls.parts_of(f"//{str(host, 'latin-1')}") is not None for host in hosts)


async def no_host(scope: Scope, receive: Receive, send: Send) -> None:
    """What RFC 9112 §3.2 asks for."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": b"The Host header names no host; send the one of the address\n"})


def request_id_of(scope: Scope) -> str:
    """The id that a proxy gave, when it is a sane one, or a fresh one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return str(new_id())


def measure(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"]
    requests, times = counts_of(method, scope.get("path_template") or "unknown", status)
    requests.inc()
    times.observe(seconds)
    log.info("request", method=method, path=shown(scope["path"]), status=status, ms=round(seconds * 1000, 1))


def shown(path: str) -> str:
    """A path as a log may hold it: no word that opens something to its bearer, and no control character."""
    path = BEARER.sub(r"\1…", path)
    return path if path.isprintable() else ascii(path)


@lru_cache(COUNTS_AT_HAND)
def counts_of(method: str, door: str, status: int) -> tuple[Counter, Histogram]:
    """Where a request is counted. Finding it by its labels takes a lock and checks them each time."""
    return REQUESTS.labels(method, door, status), SECONDS.labels(method, door)
