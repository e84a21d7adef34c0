"""A line to a server that can be cut, slowed, or lose answers: bytes go through it until a story says otherwise."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx

HEAD_END = b"\r\n\r\n"


class Line:
    """`url` leads to `target`. One request a connection.

    `loses(word)`: requests that have this word arrive, and their answers do not. `cut`: nothing arrives.
    `says(word, answer)`: what requests that have this word are answered instead of the truth.
    """

    def __init__(self, target: str) -> None:
        self.target, self.url = target, ""
        self.cut = False
        self.lost: set[str] = set()
        self.said: dict[str, bytes] = {}
        self.http = httpx.AsyncClient(timeout=30, trust_env=False)

    def loses(self, *words: str) -> None:
        self.lost = set(words)

    def says(self, word: str, answer: object) -> None:
        """JSON-RPC's result, or the whole answer when it is bytes."""
        whole = answer if isinstance(answer, bytes) else json.dumps({"jsonrpc": "2.0", "id": 1, "result": answer})
        self.said[word] = whole if isinstance(whole, bytes) else whole.encode()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(HEAD_END)
            lines = head.decode().split("\r\n")
            method, path, _ = lines[0].split(" ")
            length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length")), 0)
            body = await reader.readexactly(length)
            if self.cut:
                return
            answer = await self.http.request(
                method, self.target + path.rstrip("/"), content=body, headers={"Content-Type": "application/json"}
            )
            if any(word.encode() in body or word in path for word in self.lost):
                return
            content = next((lie for word, lie in self.said.items() if word.encode() in body), answer.content)
            writer.write(
                f"HTTP/1.1 {answer.status_code} OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                f"Content-Length: {len(content)}\r\n\r\n".encode()
            )
            writer.write(content)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def line_to(target: str) -> AsyncIterator[Line]:
    line = Line(target)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        await line.http.aclose()
