"""An ASGI application on a free loopback port, for as long as a test needs it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState


class CuttableHttp(H11Protocol):
    """HTTP whose connection the application may cut, as a broken network does."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "cut": transport.abort}


@contextlib.asynccontextmanager
async def serving(application: Any) -> AsyncIterator[str]:
    """Yields the base url; takes requests at once, and ends at once.

    uvicorn's HTTP without its `Server`, which would take the process's signals and half a second.
    """
    config = uvicorn.Config(application, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    listening = _loopback_socket()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: CuttableHttp(config, state, {}), sock=listening)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)


def _loopback_socket() -> socket.socket:
    # asyncio turns Nagle's delay off only for sockets that name their protocol.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening
