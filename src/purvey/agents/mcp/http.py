"""The one door of the tools. Who asks is told by headers, as everywhere: a receipt, or a token."""

import asyncio
from typing import Any, Final

from litestar import asgi
from litestar.response.base import ASGIResponse

from purvey.access.guards import optional
from purvey.kit.asgi import Receive, Scope, Send

PATH: Final = "/mcp"
BODY_LIMIT_BYTES: Final = 65_536  # a call says little, and the library looks at all of it while everybody waits
ONLY_POST = b'{"success":false,"error":"Send each message by POST; nothing is kept between two","code":"only_post"}'


@asgi(PATH, guards=[optional], copy_scope=True)
async def tools(scope: Any, receive: Any, send: Any) -> None:
    """One JSON-RPC message in, its answer out. There are no sessions, and so no streams to open and none to end."""
    if scope["method"] != "POST":
        refused = ASGIResponse(
            body=ONLY_POST, status_code=405, headers={"allow": "POST"}, media_type="application/json"
        )
        await refused(scope, receive, send)
        return
    await serve(scope, receive, send)


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    server = await asyncio.to_thread(loaded)
    await server(scope, receive, send)


def loaded() -> Any:
    """The protocol's side, whose library takes a second to load."""
    from purvey.agents.mcp.server import answer

    return answer


doors: list[Any] = [tools]
