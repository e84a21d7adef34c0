"""A figure: what was measured, what it is held against in the same run, and whether it is as it should be."""

import json
import sys
from pathlib import Path
from statistics import median, quantiles

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`value` beside `limit`, in `unit`. `at_least` and `at_most` are aims for the ratio of the two, or for the value
    alone when nothing stands beside it. `ratios` are those of each round; the median of them counts.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ""
    ratios: list[float] = []
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios else None

    @property
    def spread(self) -> str:
        """Where the middle half of the rounds lies."""
        if not self.ratios:
            return ""
        low, _, high = quantiles(self.ratios, n=4)
        return f"{low:.2f} to {high:.2f}"

    @property
    def verdict(self) -> str:
        """Met, missed, or nothing where there is no aim."""
        measured = self.value if self.ratio is None else self.ratio
        if self.at_least is not None:
            return "met" if measured >= self.at_least else "missed"
        if self.at_most is not None:
            return "met" if measured <= self.at_most else "missed"
        return ""

    @property
    def aim(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""


HEADINGS = ("", "purvey", "beside it", "ratio", "half within", "aim", "", "")
LEFT = {0, 7}


def beside(name: str, rounds: list[tuple[float, float]], *, at_least: float | None, note: str) -> Figure:
    """Rates of ours and of the bare thing, in rounds of one after the other: the median of each, and of the ratios.

    What else the machine does meets both of a round alike, and one odd round moves nothing.
    """
    return Figure(
        name=name,
        value=median(ours for ours, _ in rounds),
        unit="/s",
        limit=median(bare for _, bare in rounds),
        limit_is="/s bare",
        ratios=[ours / bare for ours, bare in rounds],
        at_least=at_least,
        note=note,
    )


def say(text: str) -> None:
    """How far it is, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def table(figures: list[Figure]) -> str:
    """All of them, in columns."""
    rows = [HEADINGS, *(cells(each) for each in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at in LEFT else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def cells(figure: Figure) -> tuple[str, ...]:
    beside = "" if figure.limit is None else f"{shown(figure.limit)} {figure.limit_is or figure.unit}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    return (
        figure.name,
        f"{shown(figure.value)} {figure.unit}",
        beside,
        ratio,
        figure.spread,
        figure.aim,
        figure.verdict,
        figure.note,
    )


def shown(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def write_json(figures: list[Figure], file: Path) -> None:
    told = [{**msgspec.to_builtins(each), "ratio": each.ratio, "verdict": each.verdict} for each in figures]
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
