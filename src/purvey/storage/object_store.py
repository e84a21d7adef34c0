"""An object store by URL: S3 and its kin, Google Cloud Storage, Azure. Loaded only when one is named.

obstore is called synchronously, in threads: its own async streams can abort the interpreter at its exit.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from threading import Lock
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from purvey.kit.errors import TooLarge
from purvey.settings import SettingsError
from purvey.storage.names import content_disposition
from purvey.storage.port import NoSuchObject, StorageAway, Stored
from purvey.storage.streams import gathered

log = structlog.get_logger("purvey.storage")
PART_BYTES = 16 * 1024 * 1024  # 10,000 parts are the most: 160 GB
PARTS_AT_ONCE = 2
READ_BYTES = 1024 * 1024
RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
KINDS = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
OPTIONS = {"s3": {"endpoint", "region"}, "gs": set[str](), "az": {"endpoint"}}


def open_bucket(url: str) -> "Bucket":
    """The store of `s3://bucket/prefix`, `gs://…` or `az://…`; credentials come from its usual environment.

    S3's kin are named by a query: `s3://bucket/prefix?endpoint=https://minio.example:9000&region=auto`.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if not parts.netloc or set(options) - OPTIONS[parts.scheme]:
        known = " and ".join(sorted(OPTIONS[parts.scheme])) or "none"
        raise SettingsError(f"PURVEY_STORAGE_URL must be {parts.scheme}://bucket/prefix; options it may have: {known}")
    client: Any = {
        "allow_http": options.get("endpoint", "").startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "timeout": timedelta(minutes=5),
    }
    bare = f"{parts.scheme}://{parts.netloc}{parts.path}"
    try:
        store: Any = KINDS[parts.scheme]
        return Bucket(store.from_url(bare, client_options=client, retry_config=RETRIES, **options))
    except (BaseError, ValueError) as error:
        raise SettingsError(f"PURVEY_STORAGE_URL cannot be used: {sentence(error)}") from None


class Bucket:
    """Objects below one prefix of a bucket.

    What a killed process leaves of a multipart upload is the bucket's to forget: give it a lifecycle rule.
    """

    def __init__(self, store: Any) -> None:
        self.store = store

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, mime_type: str, file_name: str, limit_bytes: int
    ) -> Stored:
        attributes = {"Content-Type": mime_type, "Content-Disposition": content_disposition(file_name)}
        size = 0
        async with Writing(self.store, key, attributes) as writing:
            async for block in gathered(chunks):
                size += len(block)
                if size > limit_bytes:
                    raise TooLarge(f"The file is over {limit_bytes} bytes")
                await writing.append(block)
        return Stored(size, writing.digest.digest())

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        if end is not None and end <= start:
            return
        part: Any = {"offset": start} if end is None else (start, end)
        options: Any = {"range": part} if start or end is not None else {}  # an empty object has no range at all
        with telling(key):
            try:
                found = await asyncio.to_thread(obstore.get, self.store, key, options=options)
            except FileNotFoundError:
                raise NoSuchObject("The file is not in the store") from None
            blocks = iter(found.stream(READ_BYTES))
            while block := await asyncio.to_thread(next, blocks, None):
                yield bytes(block)

    async def delete(self, key: str) -> None:
        with telling(key):
            try:
                await asyncio.to_thread(obstore.delete, self.store, key)
            except FileNotFoundError:
                return

    async def link(self, key: str, *, expires: timedelta) -> str | None:
        return await self.signed("GET", key, expires)

    async def put_link(self, key: str, *, expires: timedelta) -> str | None:
        return await self.signed("PUT", key, expires)

    async def signed(self, method: Literal["GET", "PUT"], key: str, expires: timedelta) -> str:
        with telling(key):
            return await asyncio.to_thread(obstore.sign, self.store, method, key, expires)


class Writing:
    """An object being written, a part in one thread and then the next. It appears when the block ends well.

    When it does not, what was sent is completed and deleted: to abort instead would race with parts on their way.
    """

    def __init__(self, store: Any, key: str, attributes: Mapping[str, str]) -> None:
        self.store, self.key, self.attributes = store, key, dict(attributes)
        self.digest = sha256()
        self.turn = Lock()

    async def __aenter__(self) -> "Writing":
        self.file: Any = await asyncio.to_thread(
            obstore.open_writer,
            self.store,
            self.key,
            attributes=self.attributes,
            buffer_size=PART_BYTES,
            max_concurrency=PARTS_AT_ONCE,
        )
        return self

    async def append(self, block: bytes) -> None:
        with telling(self.key):
            await asyncio.to_thread(self.append_now, block)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            await asyncio.to_thread(self.undo)
            return
        with telling(self.key):
            await asyncio.to_thread(self.file.close)

    def append_now(self, block: bytes) -> None:
        with self.turn:
            self.digest.update(block)
            self.file.write(block)

    def undo(self) -> None:
        with self.turn:
            try:
                self.file.close()
                obstore.delete(self.store, self.key)
            except (BaseError, OSError) as error:
                log.warning("an upload's remains are left to the sweep", key=self.key, error=sentence(error))


@contextmanager
def telling(key: str) -> Iterator[None]:
    """The store's own errors, in the shop's words; what it said exactly is for the log."""
    try:
        yield
    except (BaseError, OSError) as error:
        log.error("storage failed", key=key, error=sentence(error))
        raise StorageAway("The store of files does not answer; please try again", retry_after_seconds=5) from error


def sentence(error: Exception) -> str:
    return str(error).split("\n\nDebug source:")[0].strip()
