"""HEAD is answered wherever GET is, as GET would be, without a body (RFC 9110 §9.3.2)."""

from collections.abc import Iterable
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from purvey.kit.asgi import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet(dict[Any, Any]):
    """A route's handlers by method. HEAD is found and not listed: the description of the API names what differs."""

    def __missing__(self, method: str) -> Any:
        if method == "HEAD":
            return self["GET"]
        raise KeyError(method)


def answer_head(app: Litestar) -> None:
    """Let each door that reads take HEAD as well; one that has a door of its own for it keeps that."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            route.route_handler_map = HeadAsGet(route.route_handler_map)
    router: Any = app.asgi_router
    heads_from(router.root_route_map_node)


def heads_from(node: Any) -> None:
    if "GET" in node.asgi_handlers:
        node.asgi_handlers.setdefault("HEAD", node.asgi_handlers["GET"])
        node.path_parameters.setdefault("HEAD", node.path_parameters.get("GET", ()))
    if "OPTIONS" in node.asgi_handlers:
        node.asgi_handlers["OPTIONS"] = node.asgi_handlers["OPTIONS"]._replace(asgi_app=naming(node.asgi_handlers))
    for child in node.children.values():
        heads_from(child)


def naming(methods: Iterable[str]) -> ASGIApp:
    """What answers OPTIONS. The framework's own forgets methods of a path whose doors were declared in two places."""
    allow = ", ".join(sorted(methods)).encode()

    async def name(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow)]})
        await send({"type": "http.response.body", "body": b""})

    return name


def without_body(app: ASGIApp) -> ASGIApp:
    """End an answer to HEAD with its headers: whoever streams a body sees its reader gone, and reads no more."""

    async def through(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return

        async def headers_alone(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await app(scope, receive, headers_alone)

    return through
