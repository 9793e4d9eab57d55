"""What choosing one answer of N is worth: for each method a bar from a random to a perfect choice, and where the chooser got to."""

from collections.abc import Sequence
from dataclasses import dataclass

from acdc.numbers.digits import in_percent
from reproductions.figures.forest import LETTER
from reproductions.figures.svg import Axes, Element, element, figure, line, padded, text, ticks, tip


@dataclass(frozen=True)
class Span:
    """One method; shares of questions in [0, 1].

    Attributes:
        label: The method.
        random: A random choice.
        covered: A perfect choice.
        chosen: The chooser.
        low: Lower end of its interval.
        high: Upper end.
        ours: Whether it is the task force.
    """

    label: str
    random: float
    covered: float
    chosen: float
    low: float
    high: float
    ours: bool = False


def spans(rows: Sequence[Span], *, narrow: bool = False) -> Element:
    """The chart.

    Args:
        rows: One a method.
        narrow: For a phone: names stand above their lines instead of beside them.
    """
    width, row, top = (360.0, 38.0, 8.0) if narrow else (760.0, 24.0, 8.0)
    height = top + row * len(rows) + 44
    label_width = max(120.0, LETTER * max(len(one.label) for one in rows) + 16)
    ends = [value for one in rows for value in (one.random, one.covered, one.low, one.high)]
    axes = Axes(8 if narrow else label_width, top, width - 16, height - 40, padded(ends), (0, 1))
    parts: list[Element] = []
    for value in ticks(*axes.x_range, about=6):
        parts.append(line((axes.x(value), top), (axes.x(value), axes.bottom), "grid"))
        parts.append(
            text(axes.x(value), axes.bottom + 16, f"{100 * value:g}", class_="tick", anchor="middle")
        )
    parts += [
        _row(axes, one, top + row * (i + (0.75 if narrow else 0.5)), narrow=narrow)
        for i, one in enumerate(rows)
    ]
    middle = (axes.left + axes.right) / 2
    parts.append(
        text(
            middle, height - 6, "questions whose one final answer is right, %", class_="axis", anchor="middle"
        )
    )
    spoken = "; ".join(f"{one.label} {_numbers(one)}" for one in rows)
    title = f"One final answer, from a random to a perfect choice: {spoken}."
    return figure(width, height, title, *parts, class_="narrow" if narrow else "wide")


def _row(axes: Axes, one: Span, y: float, *, narrow: bool) -> Element:
    style = "ours" if one.ours else "1"
    return element(
        "g",
        tip(f"{one.label}: {_numbers(one)}"),
        text(axes.left, y - 11, one.label, class_="label")
        if narrow
        else text(axes.left - 12, y + 4, one.label, class_="label", anchor="end"),
        line((axes.x(one.random), y), (axes.x(one.covered), y), f"bar style-{style}"),
        element(
            "g",
            line((axes.x(one.low), y), (axes.x(one.high), y), "whisker"),
            element("circle", cx=axes.x(one.chosen), cy=y, r=4.5),
            class_=f"difference span style-{style}",
        ),
    )


def _numbers(one: Span) -> str:
    return (
        f"random {in_percent(one.random)}, chosen {in_percent(one.chosen)} [{in_percent(one.low)}, {in_percent(one.high)}], "
        f"perfect {in_percent(one.covered)}"
    )
