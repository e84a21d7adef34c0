"""Pictures that strangers send are decoded with care and drawn anew: what is served never holds their bytes."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import accumulate

import msgspec

from purvey.catalog import drawing
from purvey.kit.errors import Invalid, Unavailable

MOST_BYTES = 5 * 1024 * 1024
MOST_WAITING = 32
MIME = "image/webp"


class NotAnImage(Invalid):
    """The bytes are no picture that can be shown."""

    code = "not_an_image"


class TooManyPixels(Invalid):
    """It would take too much memory or time to draw."""

    code = "image_too_large"


class ManyPictures(Unavailable):
    """So many pictures wait to be drawn that another one would have to wait for too long."""

    code = "many_pictures"


class Rendition(msgspec.Struct, frozen=True):
    """The picture at one width, as WebP; a moving one moves."""

    width: int
    height: int
    content: bytes


async def render(content: bytes) -> Sequence[Rendition]:
    """The picture at its widths, the narrowest first, upright and without metadata.

    NotAnImage, TooManyPixels, ManyPictures.
    """
    studio = open_studio()
    if studio.waiting >= MOST_WAITING:
        raise ManyPictures("Many pictures are being drawn: send it again in a minute", retry_after_seconds=60)
    studio.waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(studio.pool, draw_apart, content)
    finally:
        studio.waiting -= 1


class Studio:
    """Where pictures are drawn, one after the other, so that many at once cannot fill the memory."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="images")
        self.waiting = 0


@cache
def open_studio() -> Studio:
    return Studio()


def draw_apart(content: bytes) -> Sequence[Rendition]:
    """Drawn by a process of its own, which gives back its memory and cannot break ours."""
    try:
        done = subprocess.run(  # noqa: S603 - our own script, by our own Python
            [sys.executable, "-I", drawing.__file__],
            input=content,
            capture_output=True,
            env={},
            timeout=2 * drawing.MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise takes_too_long() from None
    if done.returncode:
        raise takes_too_long() if done.returncode < 0 else RuntimeError(done.stderr.decode(errors="replace"))
    line, _, drawn = done.stdout.partition(b"\n")
    said = msgspec.json.decode(line)
    if "code" in said:
        kind = TooManyPixels if said["code"] == TooManyPixels.code else NotAnImage
        raise kind.field("/file", said["why"], code=kind.code)
    sizes = [size for _, _, size in said["renditions"]]
    return [
        Rendition(width, height, drawn[end - size : end])
        for (width, height, size), end in zip(said["renditions"], accumulate(sizes), strict=True)
    ]


def takes_too_long() -> Invalid:
    return TooManyPixels.field(
        "/file", "takes too long to draw: make it smaller, or save it anew", code=TooManyPixels.code
    )
