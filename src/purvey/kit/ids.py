"""Ids are UUIDv7: made here, ordered by time, safe to show."""

import re
import secrets
import unicodedata
from hashlib import sha256
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

TOKEN_BYTES = 32
SLUG_MAX = 100
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562)."""
    return uuid7()


class Id(UUID):
    """An id as somebody sent it. A word that is none becomes one that nothing has, so that both have one answer."""

    def __init__(self, text: str) -> None:
        try:
            super().__init__(text)
        except ValueError:
            super().__init__(bytes=sha256(text.encode(errors="replace")).digest()[:16], version=5)  # ours are of 7


def sent(kind: type, value: Any) -> Any:
    """An id in a body that is decoded; ValueError for what is no text."""
    if kind is not Id:
        raise NotImplementedError(kind)
    if not isinstance(value, str | UUID):
        raise ValueError("must be an id, as text")
    return Id(str(value))


def new_token(prefix: str = "") -> str:
    """A secret for people to carry: 256 bits, URL-safe, after a visible prefix."""
    return prefix + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """How a secret is kept: SHA-256 is enough, for a token has 256 bits of its own."""
    return sha256(token.encode()).digest()


def spelled(text: str) -> str:
    """The text in ASCII letters, as near as they come."""
    if text.isascii():
        return text
    from anyascii import anyascii

    return str(anyascii(unicodedata.normalize("NFKC", text)))


def slug_of(text: str, *, default: str) -> str:
    """A URL word made from a name, in whatever script: ASCII letters, digits and hyphens, or else `default`."""
    slug = re.sub(r"[^a-z0-9]+", "-", spelled(text).lower()).strip("-")[:SLUG_MAX].strip("-")
    return slug or default
