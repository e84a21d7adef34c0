"""Words that people type: stripped, and never blank where a name is asked."""

import re
import unicodedata
from typing import Final

from purvey.kit.errors import Malformed

ACCENTS: Final = re.compile(r"[\u0300-\u036f]")
STROKES: Final = str.maketrans({
    "ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "\u03c2": "\u03c3",
})  # fmt: skip


def name_of(text: str, *, pointer: str) -> str:
    """The text without white space around it; Malformed, naming the field, when nothing is left."""
    name = " ".join(text.split())
    if not name:
        raise Malformed.field(pointer, "must not be blank", code="blank")
    return name


def plain(text: str) -> str:
    """The text as it is searched: compatible forms, capitals, accents and strokes make no difference.

    `plain_words` in the database does the same to what is found.
    """
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()
    return unicodedata.normalize("NFC", bare).translate(STROKES)


def split_sender(sender: str) -> tuple[str, str]:
    """The name and the address of `A Shop <shop@example.com>`, whatever is in the name; the address alone may do."""
    name, bracket, address = " ".join(sender.split()).rpartition("<")
    return (name.strip().strip('"'), address.rstrip("> ")) if bracket else ("", address)
