"""What a client calls its file: safe to show, to save under, and to put in a header."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

NAME_BYTES = 255  # the most that file systems take
NAMELESS = "file"
JOINER = "\u200d"  # holds an emoji of several together; every other invisible character can only deceive
UNQUOTED = re.compile(r"[^A-Za-z0-9 !#$&+.^_`|~()\[\]{}@=,;'-]")


def shown_name(raw: str) -> str:
    """The last part of what the client sent, without control characters or bidi tricks, at most 255 bytes in UTF-8."""
    last = re.split(r"[/\\]", raw)[-1]
    visible = "".join(letter for letter in last if letter == JOINER or unicodedata.category(letter)[0] != "C")
    name = unicodedata.normalize("NFC", " ".join(visible.split())).lstrip(". ").rstrip(". ")
    return shortened(name) or NAMELESS


def shortened(name: str) -> str:
    """The name within its bytes; what is cut is cut before the extension."""
    if len(name.encode()) <= NAME_BYTES:
        return name
    ending = PurePosixPath(name).suffix
    if len(ending.encode()) > NAME_BYTES // 4:
        ending = ""
    stem = name.removesuffix(ending).encode()[: NAME_BYTES - len(ending.encode())].decode(errors="ignore")
    return stem.rstrip(". ") + ending


def content_disposition(name: str) -> str:
    """`attachment` with the name twice (RFC 6266): in ASCII for old clients, and exactly (RFC 8187)."""
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    plain = UNQUOTED.sub("_", "".join(letters))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
