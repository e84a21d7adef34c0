"""Public answers that browsers and proxies may keep: an entity tag of the very bytes, and 304 to who has them."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec

from purvey.kit.asgi import ASGIApp, Receive, Scope, Send

T = TypeVar("T")
NOT_MODIFIED = {304: ResponseSpec(None, description="You have the newest version", generate_examples=False)}
TAG_BYTES = 12


class Ready(Response[T]):
    """An answer whose bytes and headers are made. The framework's own way there costs more than making them did."""

    def __init__(self, body: bytes, *, status_code: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.body, self.status_code, self.encoded_headers = body, status_code, headers

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> ASGIApp:  # type: ignore[override]
        return self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.encoded_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def cacheable(request: Request[Any, Any, Any], value: T, *, seconds: int, vary: str = "") -> Response[T]:
    """The value as JSON with an ETag, good for so many seconds; 304 without a body when the asker has it.

    `vary` names the header by which the address answers otherwise (RFC 9110 §12.5.5).
    """
    body = msgspec.json.encode(value)
    tag = f'"{blake2b(body, digest_size=TAG_BYTES).hexdigest()}"'
    headers = [(b"etag", tag.encode()), (b"cache-control", b"public, max-age=%d" % seconds)]
    if vary:
        headers.append((b"vary", vary.encode()))
    if any(names(known, tag) for known in if_none_match(request.scope["headers"])):
        return Ready(b"", status_code=304, headers=headers)
    sized = (b"content-length", b"%d" % len(body))
    return Ready(body, status_code=200, headers=[*headers, (b"content-type", b"application/json"), sized])


def if_none_match(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """What a request says it has, without reading its other headers."""
    return [str(value, "latin-1") for name, value in headers if name == b"if-none-match"]


def names(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match names this tag, compared weakly (RFC 9110 §13.1.2)."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in if_none_match.split(","))
