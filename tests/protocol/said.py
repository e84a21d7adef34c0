"""What a refusal may say: words for people, and nothing of patterns, types or Python."""

import re
from collections.abc import Iterator
from typing import Any

PATTERNS = re.compile(r"\[\^|\\\\|\^\[|\$\)|\\u00|\(\?|\]\+|\]\*|\{[0-9]+,")
OF_PYTHON = re.compile(
    r"`(?:str|int|float|bool|null|array|object|dict|list|bytes|uuid|datetime)\b|\bNone\b|<class |object at 0x"
    r"|\b(?:NoneType|Traceback|ValidationError|ValueError|TypeError|KeyError|UnicodeDecodeError|Decimal|UUID)\b"
)
UNFINISHED = re.compile(r"(?:[,:;(\[{-]|\b(?:the|a|an|and|or|of|with))$")


def is_said_to_people(words: str) -> bool:
    """Whether a person can read this, and it ends as a sentence does."""
    found = PATTERNS.search(words) or OF_PYTHON.search(words) or UNFINISHED.search(words.strip())
    return bool(words.strip()) and not found


def sentences(problem: dict[str, Any]) -> Iterator[str]:
    """All that a refusal says in words."""
    yield from (problem[name] for name in ("title", "detail", "error") if name in problem)
    yield from (fault["detail"] for fault in problem.get("errors", []))
