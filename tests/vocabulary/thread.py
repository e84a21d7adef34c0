"""A thread to a PostgreSQL that tears at a chosen statement: what was asked is heard by nobody, and no answer comes."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ASKS = b"PBQ"  # messages that begin a statement: Parse, Bind, Query


class Thread:
    """`dsn` leads to the database. `tears(n)`: the nth statement from now on, and every connection with it."""

    def __init__(self, dsn: str, folder: Path) -> None:
        query = parse_qs(urlsplit(dsn).query)
        self.target, self.path = f"{query['host'][0]}/.s.PGSQL.5432", folder / ".s.PGSQL.5432"
        self.dsn = f"{dsn.partition('?')[0]}?host={folder}&port=5432"
        self.left: int | None = None
        self.open: set[asyncio.StreamWriter] = set()

    def tears(self, after: int | None) -> None:
        self.left = after

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self.target)
        self.open |= {writer, back}
        try:
            await asyncio.gather(self.pump(reader, back, counted=True), self.pump(there, writer, counted=False))
        finally:
            for end in (writer, back):
                self.open.discard(end)
                end.close()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                if counted and self.left is not None and chunk[:1] in [ASKS[at : at + 1] for at in range(len(ASKS))]:
                    self.left -= 1
                    if self.left < 0:
                        self.tear()
                        return
                writer.write(chunk)
                await writer.drain()
        writer.close()

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
