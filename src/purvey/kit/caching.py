"""Public answers that browsers and proxies may keep: an entity tag of the very bytes, and 304 to who has them."""

from hashlib import blake2b
from typing import Any, TypeVar, cast

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec

T = TypeVar("T")
NOT_MODIFIED = {304: ResponseSpec(None, description="You have the newest version", generate_examples=False)}
TAG_BYTES = 12


def cacheable(request: Request[Any, Any, Any], value: T, *, seconds: int) -> Response[T]:
    """The value as JSON with an ETag, good for so many seconds; 304 without a body when the asker has it."""
    body = msgspec.json.encode(value)
    tag = f'"{blake2b(body, digest_size=TAG_BYTES).hexdigest()}"'
    headers = {"etag": tag, "cache-control": f"public, max-age={seconds}"}
    known = request.headers.get("if-none-match")
    if known is not None and names(known, tag):
        return cast(Response[T], Response(b"", status_code=304, headers=headers, media_type="application/json"))
    return cast(Response[T], Response(body, headers=headers, media_type="application/json"))


def names(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match names this tag, compared weakly (RFC 9110 §13.1.2)."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in if_none_match.split(","))
