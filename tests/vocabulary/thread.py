"""A thread to a PostgreSQL that tears at a chosen statement: what was asked is heard by nobody, and no answer comes."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ASKS = b"PBQ"  # messages that begin a statement: Parse, Bind, Query
TURNS = 10  # of the loop, in which its callers have read what was written to them
LAST_WORDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"


class Thread:
    """`dsn` leads to the database. `tears(n)`: the nth statement from now on, and every connection with it."""

    def __init__(self, dsn: str, folder: Path) -> None:
        query = parse_qs(urlsplit(dsn).query)
        self.target, self.path = f"{query['host'][0]}/.s.PGSQL.5432", folder / ".s.PGSQL.5432"
        self.dsn = f"{dsn.partition('?')[0]}?host={folder}&port=5432"
        self.left: int | None = None
        self.open: set[asyncio.StreamWriter] = set()
        self.callers: set[asyncio.StreamWriter] = set()
        self.left_behind: set[asyncio.StreamWriter] = set()

    def tears(self, after: int | None) -> None:
        self.left = after

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self.target)
        self.open |= {writer, back}
        self.callers.add(writer)
        try:
            await asyncio.gather(self.pump(reader, back, counted=True), self.pump(there, writer, counted=False))
        finally:
            self.callers.discard(writer)
            for end in (writer, back):
                self.open.discard(end)
                end.close()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while (chunk := await reader.read(65_536)) and writer not in self.left_behind:
                if counted and self.left is not None and chunk[:1] in [ASKS[at : at + 1] for at in range(len(ASKS))]:
                    self.left -= 1
                    if self.left < 0:
                        self.tear()
                        return
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def takes_leave(self) -> None:
        """What a server says on each connection before it goes; the connections close when they are used again."""
        for caller in self.callers:
            caller.write(b"E" + (len(LAST_WORDS) + 4).to_bytes(4) + LAST_WORDS)
            await caller.drain()
        self.left_behind |= self.open
        for _ in range(TURNS):
            await asyncio.sleep(0)

    def tear(self) -> None:
        for end in self.open:
            end.transport.abort()


@contextlib.asynccontextmanager
async def thread_to(dsn: str) -> AsyncIterator[Thread]:
    with tempfile.TemporaryDirectory(prefix="purvey-") as folder:
        thread = Thread(dsn, Path(folder))
        server = await asyncio.start_unix_server(thread.carry, thread.path)
        try:
            yield thread
        finally:
            server.close()
            thread.tear()
