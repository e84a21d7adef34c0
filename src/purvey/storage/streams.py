"""Streams of bytes, in blocks worth a trip to another thread."""

from collections.abc import AsyncIterator

BLOCK_BYTES = 1024 * 1024


async def gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in blocks of about a megabyte."""
    waiting: list[bytes] = []
    size = 0
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= BLOCK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


async def once(content: bytes) -> AsyncIterator[bytes]:
    """What is in memory already, as a stream."""
    yield content
