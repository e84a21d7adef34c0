"""What others answer over HTTP: so much of it, within so many seconds, from the very address that was asked."""

import asyncio
from typing import Any, Final

import httpx

PLAIN: Final = {"Accept-Encoding": "identity"}  # what is packed may be any size when it is unpacked


class NoAnswer(Exception):
    """Nothing came, too much, or too slowly; the text says which."""


async def asked(
    http: httpx.AsyncClient, method: str, url: str, *, seconds: float, most_bytes: int, json: Any = None
) -> bytes:
    """The body of an answer, whatever its status; NoAnswer. Redirects are not followed: nobody vouches for them."""
    body = bytearray()
    try:
        async with (
            asyncio.timeout(seconds),
            http.stream(method, url, json=json, headers=PLAIN, follow_redirects=False) as answer,
        ):
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > most_bytes:
                    raise NoAnswer(f"over {most_bytes} bytes came")
    except TimeoutError:
        raise NoAnswer(f"not within {seconds:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswer(type(error).__name__) from error
    return bytes(body)


def said_plainly(words: object, *, most: int = 200) -> str:
    """What an outsider said, as it may be kept and shown: what prints, and not much of it."""
    return "".join(letter if letter.isprintable() else " " for letter in str(words)[:most]).strip()
