"""A figure: what was measured, what it is held against in the same run, and whether it is as it should be."""

import json
from pathlib import Path

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`value` beside `limit`, in `unit`. `at_least` and `at_most` are aims for the ratio of the two, or for the value
    alone when nothing stands beside it.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.limit else None

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


HEADINGS = ("", "purvey", "beside it", "ratio", "aim", "", "")


def table(figures: list[Figure]) -> str:
    """All of them, in columns."""
    rows = [HEADINGS, *(cells(each) for each in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at in {0, 6} else cell.rjust(width)
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
        figure.aim,
        figure.verdict,
        figure.note,
    )


def shown(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def write_json(figures: list[Figure], file: Path) -> None:
    told = [{**msgspec.to_builtins(each), "ratio": each.ratio, "verdict": each.verdict} for each in figures]
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
