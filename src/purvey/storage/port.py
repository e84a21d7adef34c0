"""The few words every store of bytes speaks."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

import msgspec

from purvey.kit.errors import NotFound, Unavailable
from purvey.settings import Settings


class Stored(msgspec.Struct, frozen=True):
    """What was put: its size in bytes and its SHA-256."""

    size_bytes: int
    sha256: bytes


class NoSuchObject(NotFound):
    """Nothing is kept under this key."""

    code = "no_such_object"


class StorageAway(Unavailable):
    """The store does not answer, is full, or refuses its credentials; the log says which."""

    code = "storage_unavailable"


@runtime_checkable
class Storage(Protocol):
    """Bytes by key. Keys are made by purvey, never used twice, and never hold what a client sent.

    All but `delete` may raise StorageAway.
    """

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, mime_type: str, file_name: str, limit_bytes: int
    ) -> Stored:
        """Keep a stream with constant memory; TooLarge beyond the limit. Where it raises, nothing is kept."""
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`; NoSuchObject."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key, and what a broken put left of it; nothing happens when it is not there."""
        ...

    async def link(self, key: str, *, expires: timedelta) -> str | None:
        """A presigned URL that answers GET until it expires; None when the store cannot give one (a folder)."""
        ...

    async def put_link(self, key: str, *, expires: timedelta) -> str | None:
        """A presigned URL that takes one object by PUT until it expires; None when the store cannot give one."""
        ...


def open_storage(settings: Settings) -> Storage:
    """The store that PURVEY_STORAGE_URL names: the home's folder `files`, `file:///…`, or an object store.

    An object store's library is loaded only for one.
    """
    url = settings.storage_url
    if url is None or url.startswith("file:"):
        from purvey.storage.folder import Folder

        return Folder(settings.home / "files" if url is None else Path(unquote(urlsplit(url).path)))
    from purvey.storage.object_store import open_bucket

    return open_bucket(url)
