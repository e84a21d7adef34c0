"""Pictures and clips of products, shown to everybody. They never change, so whoever has one keeps it."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from purvey.access.guards import PUBLIC
from purvey.catalog import clips, images, media
from purvey.kit.caching import names
from purvey.kit.errors import NotFound
from purvey.storage import Storage

FOREVER = "public, max-age=31536000, immutable"
NAME = re.compile(r"(0|[1-9][0-9]{0,7})\.(webp|mp4)", re.ASCII)
RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
TYPES = {"webp": images.MIME, "mp4": clips.MIME}


@get("/media/{image_id:uuid}/{file_name:str}", opt=PUBLIC, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    image_id: FromPath[UUID],
    file_name: FromPath[str],
    storage: NamedDependency[Storage],
) -> Response[Any]:
    """A picture at one of its widths, such as `640.webp`, or a clip by its size in bytes, such as `123456.mp4`."""
    name = NAME.fullmatch(file_name)
    if name is None:
        raise NotFound("There is no such image")
    number, kind, tag = int(name[1]), TYPES[name[2]], f'"{image_id}-{name[1]}"'
    headers = {"etag": tag, "cache-control": FOREVER, "x-content-type-options": "nosniff"}
    if names(request.headers.get("if-none-match", ""), tag):
        return Response(b"", status_code=304, headers=headers, media_type=kind)
    start, end, status = 0, None, 200
    if kind == clips.MIME:
        headers |= {"accept-ranges": "bytes", "content-security-policy": "sandbox"}
        part = part_of(request.headers.get("range", ""), number)
        if part is not None:
            start, end = part
            headers |= {"content-range": f"bytes {start}-{end - 1}/{number}", "content-length": str(end - start)}
            status = 206
        else:
            headers["content-length"] = str(number)
    blocks = media.read_piece(storage, image_id, file_name, start=start, end=end)
    first = await anext(blocks, b"")
    return Stream(led_by(first, blocks), status_code=status, headers=headers, media_type=kind)


def part_of(asked: str, size: int) -> tuple[int, int] | None:
    """From where up to where, for players that ask for one part; None is all of it."""
    found = RANGE.fullmatch(asked.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
    return (start, end) if start < end else None


async def led_by(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream whose beginning was read already, so that a missing one is a 404 and not half an answer."""
    yield first
    async for block in rest:
        yield block


doors: list[Any] = [show]
