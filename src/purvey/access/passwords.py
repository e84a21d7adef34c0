"""Passwords are kept as argon2id hashes. A hash takes 64 MiB and a processor's time: two at once, never more."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from pwdlib import PasswordHash

from purvey.kit.errors import Unavailable
from purvey.kit.ids import new_token

T = TypeVar("T")
AT_ONCE = 2
MOST_WAITING = 200


class Hashing:
    """The two threads that hash, and how many are waiting for them."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self.scheme = PasswordHash.recommended()
        self.nobodys = self.scheme.hash(new_token())
        self.waiting = 0

    async def run(self, do: Callable[[], T]) -> T:
        if self.waiting >= MOST_WAITING:
            raise Unavailable("Too many people are signing in at this moment; try again", retry_after_seconds=2)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, do)
        finally:
            self.waiting -= 1


@cache
def hashing() -> Hashing:
    """This process's own, made when the first password comes."""
    return Hashing()


def normal(password: str) -> str:
    """One form for every keyboard that types it: an accent beside its letter, or both in one (RFC 8265, NFKC)."""
    return unicodedata.normalize("NFKC", password)


async def hash_password(password: str) -> str:
    """The password as it is kept."""
    return await hashing().run(lambda: hashing().scheme.hash(normal(password)))


async def is_password(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether it is the one that is kept, and a better hash of it when the scheme has grown stronger since.

    A hash from before passwords were normalised opens by what was typed then, and is bettered. Where nothing is kept
    it takes as long, so that the time tells nobody whether there is an account.
    """
    right, better = await hashing().run(lambda: verified(normal(password), kept or hashing().nobodys))
    if not right and normal(password) != password:
        right, _ = await hashing().run(lambda: verified(password, kept or hashing().nobodys))
        better = await hash_password(password) if right else None
    return (right, better) if kept else (False, None)


def verified(password: str, kept: str) -> tuple[bool, str | None]:
    return hashing().scheme.verify_and_update(password, kept)
