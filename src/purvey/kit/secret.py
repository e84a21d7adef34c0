"""What opens something, held so that it is shown nowhere: it comes out by `reveal()` alone."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

SHOWN: Final = "…"


class Secret:
    """A text that no log, no message and no copy of its owner holds, however its owner is walked."""

    __slots__ = ("reveal",)

    def __init__(self, plain: str) -> None:
        self.reveal: Callable[[], str] = lambda: plain

    def sign(self, message: bytes) -> bytes:
        """HMAC-SHA256 of the message by this secret."""
        return hmac.digest(self.reveal().encode(), message, sha256)

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, _: str) -> str:
        return SHOWN

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not written down")
