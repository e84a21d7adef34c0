"""A folder of files: the store of a demo and of a small shop."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from purvey.kit.errors import TooLarge
from purvey.kit.ids import new_id
from purvey.storage.port import Stored

CHUNK_BYTES = 256 * 1024


class Folder:
    """Keys are paths below `root`; a file appears there whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, mime_type: str, file_name: str, limit_bytes: int
    ) -> Stored:
        target = self.root / key
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{new_id()}.part")
        digest, size = sha256(), 0
        try:
            with await asyncio.to_thread(part.open, "wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit_bytes:
                        raise TooLarge(f"The file is over {limit_bytes} bytes")
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(sync, file.fileno())
            await asyncio.to_thread(part.replace, target)
        finally:
            part.unlink(missing_ok=True)
        return Stored(size, digest.digest())

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        with await asyncio.to_thread((self.root / key).open, "rb") as file:
            file.seek(start)
            left = (file.seek(0, os.SEEK_END) if end is None else end) - start
            file.seek(start)
            while left > 0:
                chunk = await asyncio.to_thread(file.read, min(CHUNK_BYTES, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk

    async def delete(self, key: str) -> None:
        await asyncio.to_thread((self.root / key).unlink, missing_ok=True)

    def link(self, key: str, *, expires: timedelta) -> str | None:
        return None


def sync(descriptor: int) -> None:
    os.fsync(descriptor)
