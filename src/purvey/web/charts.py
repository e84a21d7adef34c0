"""Charts drawn here as SVG: no script, no style, readable without colour."""

from collections.abc import Callable, Sequence
from datetime import date

import msgspec
from markupsafe import Markup

WIDTH, HEIGHT = 800, 220
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 24, 26
LABELS = 6


class Bar(msgspec.Struct, frozen=True):
    """One day of a chart."""

    day: date
    value: int


def bars(days: Sequence[Bar], *, name: str, words: Callable[[int], str]) -> Markup:
    """A bar a day, below the line where more went out than came in; each says its day and value on hovering."""
    high = max([bar.value for bar in days] + [0])
    low = min([bar.value for bar in days] + [0])
    span = (high - low) or 1
    inner = HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT - RIGHT) / max(1, len(days))
    zero = TOP + inner * high / span
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, name),
        Markup('<line x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(LEFT, zero, WIDTH - RIGHT, zero),
    ]
    for at, bar in enumerate(days):
        top, bottom = sorted((zero, zero - inner * bar.value / span))
        height = max(bottom - top, 1.5 if bar.value else 0)
        if height:
            parts.append(
                Markup(
                    '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5">'
                    "<title>{}: {}</title></rect>"
                ).format(
                    "bar-of-day" if bar.value > 0 else "bar-of-day down",
                    LEFT + at * step + step * 0.12,
                    top,
                    max(step * 0.76, 0.5),
                    height,
                    f"{bar.day:%-d %b %Y}",
                    words(bar.value),
                )
            )
    if high > 0:
        parts.append(Markup('<text x="{}" y="14">{}</text>').format(LEFT, f"Most in a day: {words(high)}"))
    parts += day_labels(days, step)
    return Markup("").join([*parts, Markup("</svg>")])


def day_labels(days: Sequence[Bar], step: float) -> list[Markup]:
    """A few days by name, the first and the last among them."""
    if not days:
        return []
    last = len(days) - 1
    chosen = sorted({round(last * at / (LABELS - 1)) for at in range(LABELS)})
    anchors = {0: "start", last: "end"}
    return [
        Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            LEFT + step * (at + 0.5) if 0 < at < last else (LEFT if at == 0 else WIDTH - RIGHT),
            HEIGHT - 8,
            anchors.get(at, "middle"),
            f"{days[at].day:%-d %b}",
        )
        for at in chosen
    ]
