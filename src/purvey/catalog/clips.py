"""Short films that show a product: MP4 by their bytes, kept as they came, for nothing here could draw them anew."""

from collections.abc import Iterator

from purvey.catalog.sniff import mime_of
from purvey.kit.errors import Invalid

MIME = "video/mp4"
MOST_BOXES = 10_000


class NotAClip(Invalid):
    """It begins as a film, and is no MP4 that can be played."""

    code = "not_a_clip"


def begins_as_film(content: bytes) -> bool:
    """A film of any kind, so that whoever sends one is told of films."""
    return mime_of(content[:4096], "").startswith("video/")


def refuse_broken(content: bytes) -> None:
    """NotAClip unless it is an MP4 whose boxes (ISO 14496-12) fill the file, and tell how to play it."""
    if mime_of(content[:4096], "") != MIME:
        raise broken()
    kinds = list(boxes(content))
    if kinds[0] != b"ftyp" or b"moov" not in kinds or len(kinds) > MOST_BOXES:
        raise broken()


def boxes(content: bytes) -> Iterator[bytes]:
    """The kinds of the outermost boxes, one after the other."""
    at = 0
    while at < len(content):
        size, kind, head = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16]), 16
        elif size == 0:  # to the end
            size = len(content) - at
        if size < head or at + size > len(content):
            raise broken()
        yield kind
        at += size


def broken() -> Invalid:
    return NotAClip.field("/file", "is no MP4 film that can be played: of films, MP4 alone plays in every browser")
