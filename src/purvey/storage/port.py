"""The few words every store of bytes speaks."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Protocol

import msgspec

from purvey.settings import Settings


class Stored(msgspec.Struct, frozen=True):
    """What was put: its size in bytes and its SHA-256."""

    size_bytes: int
    sha256: bytes


class Storage(Protocol):
    """Bytes by key. Keys are made by purvey and never hold what a client sent."""

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, mime_type: str, file_name: str, limit_bytes: int
    ) -> Stored:
        """Keep a stream with constant memory; TooLarge beyond the limit, and then nothing is kept."""
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is not there."""
        ...

    def link(self, key: str, *, expires: timedelta) -> str | None:
        """A presigned URL that answers GET until it expires; None when the store cannot give one (a folder)."""
        ...


def open_storage(settings: Settings) -> Storage:
    """The store that the settings name."""
    from purvey.storage.folder import Folder

    return Folder(settings.home / "files")
