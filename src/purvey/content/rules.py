"""What a chapter may be. Pure."""

from collections.abc import Iterator

from purvey.content.model import AccessLevel, Chapter
from purvey.kit.errors import Conflict, FieldError, Invalid
from purvey.kit.ids import SLUG_MAX, slug_of
from purvey.kit.money import Money, known_currency, too_fine

MAX_CHAPTERS = 1_000
SLUG_TRIES = 50


class SlugTaken(Conflict):
    """Another series of the site, or chapter of the series, has this slug."""

    code = "slug_taken"


class NumberTaken(Conflict):
    """Another chapter stands at this place."""

    code = "number_taken"


class TooManyChapters(Conflict):
    """A series has as many chapters as it may."""

    code = "chapter_limit"


def refuse_unsound(chapter: Chapter) -> None:
    """Invalid, naming the field, for a chapter that could not be sold or read."""
    known_currency(chapter.currency)
    if chapter.access_level is AccessLevel.PAID and chapter.price_amount is None:
        raise Invalid.field("/price", "A PAID chapter needs a price", code="missing")
    if chapter.price_amount is not None and (fault := too_fine(Money(chapter.price_amount, chapter.currency))):
        raise Invalid.field("/price", fault, code="too_fine")


def slug_candidates(title: str, *, default: str) -> Iterator[str]:
    """A word made of the title, then with -2, -3 …"""
    base = slug_of(title, default=default)
    yield base
    for number in range(2, SLUG_TRIES):
        suffix = f"-{number}"
        yield base[: SLUG_MAX - len(suffix)].rstrip("-") + suffix


def slug_taken(slug: str, *, of: str) -> SlugTaken:
    detail = f"The slug {slug!r} is taken by another {of}; choose another one"
    return SlugTaken(detail, errors=[FieldError("/slug", detail, "taken")], extra={"slug": slug})


def number_taken(number: int) -> NumberTaken:
    detail = f"Another chapter of this series has the number {number}; choose another one, or move that one first"
    return NumberTaken(detail, errors=[FieldError("/number", detail, "taken")], extra={"number": number})
