"""Charts drawn here as SVG: no script, no style, readable without colour."""

from collections.abc import Callable, Sequence
from datetime import date

import msgspec
from markupsafe import Markup

WIDTH, HEIGHT = 800, 180
EDGE = 4
LABELS = 4


class Bar(msgspec.Struct, frozen=True):
    """One day of a chart."""

    day: date
    value: int


def bars(days: Sequence[Bar], *, name: str, words: Callable[[int], str]) -> Markup:
    """A bar a day, below the line where more went out than came in; each says its day and value on hovering.

    The drawing stretches to its place; words stand outside it, so that they stay readable on a phone.
    """
    high = max([bar.value for bar in days] + [0])
    low = min([bar.value for bar in days] + [0])
    span = (high - low) or 1
    inner = HEIGHT - 2 * EDGE
    step = WIDTH / max(1, len(days))
    zero = EDGE + inner * high / span
    drawn = [bar_of(bar, at * step, step, zero=zero, height=inner * abs(bar.value) / span, words=words)
             for at, bar in enumerate(days) if bar.value]  # fmt: skip
    return Markup(
        '<figure class="chart"><figcaption class="small quiet">{}</figcaption>'
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<line x1="0" y1="{:.1f}" x2="{}" y2="{:.1f}" vector-effect="non-scaling-stroke"/>{}</svg>'
        '<p class="small quiet days-below" aria-hidden="true">{}</p></figure>'
    ).format(
        f"Most in a day: {words(high)}" if high > 0 else "Nothing came in on these days",
        WIDTH,
        HEIGHT,
        name,
        zero,
        WIDTH,
        zero,
        Markup("").join(drawn),
        day_labels(days),
    )


def bar_of(bar: Bar, left: float, step: float, *, zero: float, height: float, words: Callable[[int], str]) -> Markup:
    up = bar.value > 0
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}: {}</title></rect>'
    ).format(
        "up" if up else "down",
        left + step * 0.12,
        zero - height if up else zero,
        step * 0.76,
        max(height, 1.5),
        f"{bar.day:%-d %b %Y}",
        words(bar.value),
    )


def day_labels(days: Sequence[Bar]) -> Markup:
    """A few days by name, evenly, the first and the last among them."""
    last = len(days) - 1
    chosen = sorted({round(last * at / (LABELS - 1)) for at in range(LABELS)}) if days else []
    return Markup("").join(Markup("<span>{}</span>").format(f"{days[at].day:%-d %b}") for at in chosen)
