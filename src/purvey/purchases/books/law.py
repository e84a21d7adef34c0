"""What a law of the books is."""

from typing import NamedTuple


class Law(NamedTuple):
    """`sql` has a row, `what`, for each thing that breaks it."""

    name: str
    sentence: str
    sql: str
