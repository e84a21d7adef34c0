"""A link that opens one file of one purchase to whoever holds it, for a few minutes: for programs without headers."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from purvey.downloads import rules
from purvey.downloads.model import DownloadableFile, view_of
from purvey.downloads.opening import files_of
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.kit.secret import Secret

LINK_LIFE: Final = timedelta(minutes=5)
LINK_MAX: Final = 500
PURPOSE: Final = b"download link\n"


class LinkOver(NotFound):
    """Its minutes are over, or it was never one."""

    code = "link_over"


class Link(msgspec.Struct, frozen=True, array_like=True):
    """Which file, of which purchase, whose, and until when (seconds since 1970)."""

    purchase_id: UUID
    owner_id: UUID
    file_id: UUID
    until: int

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.until, UTC)


async def offer_link(
    db: Queries, owner_id: UUID, *, purchase_id: UUID, file_id: UUID | None, now: datetime
) -> tuple[Link, DownloadableFile]:
    """A link to what its owner may download now, and what it opens; raises as `open_download` does."""
    file = rules.choose(await files_of(db, owner_id, purchase_id), file_id)
    until = int((now + LINK_LIFE).timestamp())
    return Link(purchase_id, owner_id, file.file_id, until), view_of(file)


def write_link(link: Link, *, secret_key: Secret) -> str:
    """The link as a word that nobody can make up."""
    said = msgspec.msgpack.encode(link)
    return plain(seal(secret_key, said) + said)


def plain(whole: bytes) -> str:
    return urlsafe_b64encode(whole).decode().rstrip("=")


def read_link(word: str, *, secret_key: Secret, now: datetime) -> Link:
    """The link that a word is; LinkOver."""
    try:
        whole = urlsafe_b64decode(word[:LINK_MAX] + "=" * (-len(word) % 4))
    except (NotBase64, ValueError):
        whole = b""
    if plain(whole) != word:
        whole = b""  # one link is one word
    sealed, said = whole[: sha256().digest_size], whole[sha256().digest_size :]
    if not hmac.compare_digest(seal(secret_key, said), sealed):
        raise LinkOver("This is no download link of ours; ask for one")
    link = msgspec.msgpack.decode(said, type=Link)
    if link.expires_at <= now:
        raise LinkOver("This download link is over; ask for a fresh one")
    return link


def seal(secret_key: Secret, said: bytes) -> bytes:
    return secret_key.sign(PURPOSE + said)
