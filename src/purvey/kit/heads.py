"""What may stand before a body, counted before anything of it is read: lines, cookies, fields of the query."""

from typing import Final

from purvey.kit.asgi import ASGIApp, Receive, Scope, Send
from purvey.kit.errors import HeadTooLarge, Malformed

HEADERS: Final = 100
HEAD_BYTES: Final = 32_768
COOKIE_BYTES: Final = 8_192
COOKIES: Final = 50
QUERY_FIELDS: Final = 100


def counted(app: ASGIApp) -> ASGIApp:
    """Middleware: refuses what no client of ours sends, in the words of whichever door was asked."""

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refuse_more(scope)
        await app(scope, receive, send)

    return count


def refuse_more(scope: Scope) -> None:
    """HeadTooLarge, or Malformed for a query."""
    headers, query = scope["headers"], scope["query_string"]
    if len(headers) > HEADERS:
        raise HeadTooLarge(f"A request has {HEADERS} headers at most")
    size = len(query) + len(scope["path"])
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"cookie" and (len(value) > COOKIE_BYTES or value.count(b";") >= COOKIES):
            raise HeadTooLarge(f"A request has {COOKIES} cookies of {COOKIE_BYTES} bytes together at most")
    if size > HEAD_BYTES:
        raise HeadTooLarge(f"The head of a request has {HEAD_BYTES} bytes at most")
    if query.count(b"&") >= QUERY_FIELDS:
        raise Malformed(f"A query has {QUERY_FIELDS} fields at most")
