"""A client that asks as fast as it is answered, in a process of its own.

`python -m bench.load OURS THEIRS CONNECTIONS SECONDS ROUNDS` asks the one and then the other, round after round, and
prints one JSON line: of each round, of each of the two, requests per second, the median and the 99th percentile in
milliseconds, and how many failed.
"""

import asyncio
import json
import sys
import time
from functools import partial
from urllib.parse import urlsplit

import uvloop

Round = tuple[dict[str, float], dict[str, float]]


class Asker(asyncio.Protocol):
    """One connection: a request, its whole answer, the next request."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[None]) -> None:
        self.request, self.until, self.done = request, until, done
        self.buffer = bytearray()
        self.times: list[float] = []
        self.failed = 0
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.ask()

    def ask(self) -> None:
        self.began = time.perf_counter()
        if self.began > self.until:
            self.transport.close()
            return
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + size:
            return
        self.failed += not head.startswith(b"http/1.1 2")
        self.buffer.clear()
        self.times.append(time.perf_counter() - self.began)
        self.ask()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def load(url: str, *, connections: int, seconds: float) -> dict[str, float]:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    askers = []
    for _ in range(connections):
        done = loop.create_future()
        _, asker = await loop.create_connection(
            partial(Asker, request, began + seconds, done), parts.hostname, parts.port
        )
        askers.append(asker)
    await asyncio.gather(*(asker.done for asker in askers))
    took = time.perf_counter() - began
    times = sorted(one for asker in askers for one in asker.times)
    return {
        "rate": len(times) / took,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
        "failed": sum(asker.failed for asker in askers),
    }


async def in_turn(ours: str, theirs: str, *, connections: int, seconds: float, rounds: int) -> list[Round]:
    """The first round warms up."""
    told = [
        (
            await load(ours, connections=connections, seconds=seconds),
            await load(theirs, connections=connections, seconds=seconds),
        )
        for _ in range(rounds + 1)
    ]
    return told[1:]


if __name__ == "__main__":
    ours, theirs, connections, seconds, rounds = sys.argv[1:]
    told = uvloop.run(in_turn(ours, theirs, connections=int(connections), seconds=float(seconds), rounds=int(rounds)))
    print(json.dumps(told))
