"""The fields that bodies share, each with its limits, so that what is wrong is named by its place in the body."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from purvey.kit.ids import SLUG_MAX
from purvey.kit.money import MAX_MINOR

INT4_MAX = 2**31 - 1
WITHOUT_NUL = r"^[^\u0000]*$"
WITH_A_WORD = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
NO_CONTROLS = r"^[^\s\u0000-\u001f\u007f]([^\u0000-\u001f\u007f]*[^\s\u0000-\u001f\u007f])?$(?!\n)"
TO_THE_END = r"$(?!\n)"
WEB_ADDRESS = "A whole address on the web, such as https://example.com/page"

# What a text must be to fit a pattern, where the field's own description does not say it.
IN_WORDS: Mapping[str, str] = {
    WITHOUT_NUL: "text without the character NUL",
    WITH_A_WORD: "text with more than spaces in it",
    NO_CONTROLS: "one line without a space at its ends",
}

Amount = Annotated[int, Meta(ge=0, le=MAX_MINOR, description="In minor units of the currency")]
PositiveAmount = Annotated[int, Meta(ge=1, le=MAX_MINOR, description="In minor units of the currency")]
CurrencyCode = Annotated[
    str, Meta(pattern=r"^[A-Z]{3,4}" + TO_THE_END, description="A code of ISO 4217 such as EUR, or USDC")
]
Slug = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=SLUG_MAX,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*" + TO_THE_END,
        description="Small letters a to z and digits, with single hyphens between them",
    ),
]
Time = Annotated[
    datetime, Meta(tz=True, description="With an offset, such as 2030-01-31T12:00:00Z; between 1970 and 9000")
]
Reason = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=WITH_A_WORD)]


def in_utc(at: datetime | None) -> datetime | None:
    """The same moment as the shop writes it."""
    return None if at is None else at.astimezone(UTC)
