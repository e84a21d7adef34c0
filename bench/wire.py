"""A client as thin as can be: one connection, kept alive, one request after the other."""

import asyncio
from typing import Any, Self

import msgspec


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Wire:
    """One connection to a shop."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def get(self, path: str, *, token: str) -> Answer:
        return await self.ask("GET", path, token=token)

    async def post(self, path: str, body: bytes, *, token: str = "", kind: str = "application/json") -> Answer:
        return await self.ask("POST", path, token=token, body=body, kind=kind)

    async def ask(self, method: str, path: str, *, token: str, body: bytes = b"", kind: str = "") -> Answer:
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        if token:
            head.append(f"Authorization: Bearer {token}")
        if method == "POST":
            head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        self.writer.write("\r\n".join([*head, "", ""]).encode() + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        status = int(answer[9:12])
        return Answer(status, await self.reader.readexactly(length_of(answer, status)))


def length_of(head: bytes, status: int) -> int:
    at = head.find(b"content-length:")
    if at < 0:
        assert status in {204, 304}, f"an answer without its length: {head!r}"
        return 0
    return int(head[at + 15 :].split(b"\r\n", 1)[0])
