"""What an owner may download, what they ask for, and what they are given."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Access(StrEnum):
    """What became of the entitlement that a purchase gave."""

    LIVE = "LIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"


class OwnedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that belongs to a purchase, in its newest version; `is_removed` when new buyers do not get it.

    `most` is how often each file may be downloaded, `started` how often it was.
    """

    tenant_id: UUID
    product_id: UUID
    access: Access | None
    file_id: UUID
    version_id: UUID
    storage_key: str
    file_name: str
    size_bytes: int
    mime_type: str
    sha256: bytes
    is_removed: bool
    most: int | None
    started: int

    @property
    def etag(self) -> str:
        """Strong: the same tag is the same bytes."""
        return f'"{self.sha256.hex()}"'

    @property
    def left(self) -> int | None:
        return None if self.most is None else max(0, self.most - self.started)


class Holding(msgspec.Struct, frozen=True):
    """What a purchase holds: how its entitlements stand, and its files. Without any entitlement it was not paid."""

    access: frozenset[Access]
    files: list[OwnedFile]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks of a file, by its headers, and who sent it."""

    is_head: bool = False
    range: str | None = None
    if_range: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    address: str | None = None
    agent: str | None = None


class Part(msgspec.Struct, frozen=True):
    """The bytes from `start` up to, not including, `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a file of a purchase, understood. `part` is None for the whole file."""

    purchase_id: UUID
    user_id: UUID
    file: OwnedFile
    part: Part | None
    wanted: Wanted
    at: datetime

    @property
    def goes_on(self) -> bool:
        """Whether it asks for more of a download that began, and not for its beginning."""
        return self.part is not None and self.part.start > 0

    @property
    def span(self) -> Part:
        """The bytes that are asked for."""
        return self.part or Part(0, self.file.size_bytes)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: its status, headers, and the bytes when it has any."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes] | None = None


class DownloadableFile(msgspec.Struct, kw_only=True, rename="camel"):
    """A file that its owner may download. `downloads_left` is null when there is no limit."""

    file_id: UUID
    product_id: UUID
    file_name: str
    size_bytes: int
    mime_type: str
    sha256: str
    downloads_left: int | None


class DownloadView(msgspec.Struct, kw_only=True, rename="camel"):
    """A download, as the author reads of it. `byte_range` is null for a whole file."""

    id: UUID
    file_id: UUID
    file_name: str
    version: int
    address: str | None
    agent: str | None
    byte_range: str | None
    counted: bool
    at: datetime


def view_of(file: OwnedFile) -> DownloadableFile:
    return DownloadableFile(
        file_id=file.file_id,
        product_id=file.product_id,
        file_name=file.file_name,
        size_bytes=file.size_bytes,
        mime_type=file.mime_type,
        sha256=file.sha256.hex(),
        downloads_left=file.left,
    )
