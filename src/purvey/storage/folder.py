"""A folder of files: the store of a demo and of a small shop."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from purvey.kit.errors import TooLarge
from purvey.storage.port import NoSuchObject, StorageAway, Stored
from purvey.storage.streams import gathered

log = structlog.get_logger("purvey.storage")
READ_BYTES = 256 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT}


class Folder:
    """Keys are paths below `root`; a file appears there whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, mime_type: str, file_name: str, limit_bytes: int
    ) -> Stored:
        target, part = self.root / key, self.part(key)
        try:
            stored = await self.write(part, chunks, limit_bytes=limit_bytes)
            await asyncio.to_thread(settle, part, target)
        except OSError as error:
            if error.errno not in FULL:
                raise
            log.error("the storage folder is full", folder=str(self.root))
            raise StorageAway("The shop has no room for this file now; nothing was kept") from error
        finally:
            part.unlink(missing_ok=True)
        return stored

    async def write(self, part: Path, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Stored:
        digest, size = sha256(), 0
        file = await asyncio.to_thread(begin, self.root, part)
        try:
            async for block in gathered(chunks):
                size += len(block)
                if size > limit_bytes:
                    raise TooLarge(f"The file is over {limit_bytes} bytes")
                await asyncio.to_thread(append, file, digest, block)
            await asyncio.to_thread(flush, file)
        finally:
            file.close()
        return Stored(size, digest.digest())

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        try:
            file, left, block = await asyncio.to_thread(opened, self.root / key, start=start, end=end)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NoSuchObject("The file is not in the store") from None
        with file:
            while block:
                yield block
                left -= len(block)
                block = await asyncio.to_thread(file.read, min(READ_BYTES, left)) if left else b""

    async def delete(self, key: str) -> None:
        for path in (self.root / key, self.part(key)):
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def link(self, key: str, *, expires: timedelta) -> str | None:
        return None

    async def put_link(self, key: str, *, expires: timedelta) -> str | None:
        return None

    def part(self, key: str) -> Path:
        """Where a file grows until it is whole."""
        return self.root / f"{key}.part"


def begin(root: Path, part: Path) -> BinaryIO:
    """The folder of goods that cost money is ours alone, where we make it."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    return part.open("wb")


def opened(path: Path, *, start: int, end: int | None) -> tuple[BinaryIO, int, bytes]:
    """A file at `start`, how much of it is asked for, and the first block of that: most files are not longer."""
    file = path.open("rb")
    left = (file.seek(0, os.SEEK_END) if end is None else end) - start
    file.seek(start)
    return file, left, file.read(max(0, min(READ_BYTES, left)))


def append(file: BinaryIO, digest: Any, block: bytes) -> None:
    digest.update(block)
    file.write(block)


def flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def settle(part: Path, target: Path) -> None:
    """Give the file its name, so that a power cut leaves it whole under it, or not there."""
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
