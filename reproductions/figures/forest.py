"""Differences with their intervals, one line a rival: who is ahead, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass

from acdc.numbers.digits import in_percent
from reproductions.figures.svg import Axes, Element, element, figure, line, path, text, ticks, tip


@dataclass(frozen=True)
class Difference:
    """One paired difference, task force minus rival, in [-1, 1].

    Attributes:
        label: The rival.
        mean: The difference.
        low: Lower end of its interval.
        high: Upper end.
        verdict: What the verdict table says about it: decides the mark.
    """

    label: str
    mean: float
    low: float
    high: float
    verdict: str


LETTER = 6.9  # mean width of a letter at the size of labels, generously: fonts differ between machines
MARKS = {"task force ahead": "ahead", "behind": "behind"}


def forest(differences: Sequence[Difference], *, left: str, right: str, narrow: bool = False) -> Element:
    """The chart; a filled mark is a verdict that holds after correction, an open one is "level".

    Args:
        differences: One a row.
        left: What a negative difference means.
        right: What a positive one means.
        narrow: For a phone: names stand above their lines instead of beside them.
    """
    width, row, top = (360.0, 38.0, 30.0) if narrow else (760.0, 24.0, 30.0)
    height = top + row * len(differences) + 44
    ends = [value for d in differences for value in (d.low, d.high)] + [0.0]
    margin = (max(ends) - min(ends)) * 0.05 or 0.01
    label_width = max(120.0, LETTER * max(len(d.label) for d in differences) + 16)
    axes = Axes(
        8 if narrow else label_width,
        top,
        width - 16,
        height - 40,
        (min(ends) - margin, max(ends) + margin),
        (0, 1),
    )
    zero = axes.x(0)
    places = [top + row * (i + (0.75 if narrow else 0.5)) for i in range(len(differences))]
    # On a phone the names stand above their lines: zero is marked beside each line, not across the names.
    stretches = [(y - 7, y + 9) for y in places] if narrow else [(top - 8, axes.bottom)]
    parts: list[Element] = [line((zero, begin), (zero, end), "zero") for begin, end in stretches]
    parts.append(_side(axes, zero, f"← {left}", "end"))
    parts.append(_side(axes, zero, f"{right} →", "start"))
    parts += [
        _row(axes, difference, y, narrow=narrow) for difference, y in zip(differences, places, strict=True)
    ]
    for value in ticks(*axes.x_range, about=6):
        sign = f"{100 * value:+g}".replace("-", "−") if value else "0"
        parts.append(text(axes.x(value), axes.bottom + 16, sign, class_="tick", anchor="middle"))
    middle = (axes.left + axes.right) / 2
    parts.append(
        text(middle, height - 6, "difference in coverage, percentage points", class_="axis", anchor="middle")
    )
    spoken = "; ".join(
        f"{d.label} {in_percent(d.mean, plus=True)} [{in_percent(d.low, plus=True)}, {in_percent(d.high, plus=True)}]"
        for d in differences
    )
    title = f"Differences, task force minus rival: {spoken}."
    return figure(width, height, title, *parts, class_="narrow" if narrow else "wide")


def _side(axes: Axes, zero: float, words: str, anchor: str) -> Element:
    """What a side of zero means; moved inside where zero is near the edge."""
    length = LETTER * len(words)
    if anchor == "end":
        return text(max(zero - 8, axes.left + length), 14, words, class_="tick", anchor="end")
    return text(min(zero + 8, axes.right - length), 14, words, class_="tick")


def _row(axes: Axes, difference: Difference, y: float, *, narrow: bool) -> Element:
    kind = MARKS.get(difference.verdict, "level")
    x = axes.x(difference.mean)
    shapes = {
        "ahead": element("circle", cx=x, cy=y, r=5),
        "behind": path([(x - 5, y - 5), (x + 5, y - 5), (x + 5, y + 5), (x - 5, y + 5)], "", closed=True),
        "level": element("circle", cx=x, cy=y, r=4.5),
    }
    numbers = f"{in_percent(difference.mean, plus=True)} [{in_percent(difference.low, plus=True)}, {in_percent(difference.high, plus=True)}]"
    return element(
        "g",
        tip(f"{difference.label}: {numbers}, {difference.verdict}"),
        text(axes.left, y - 11, difference.label, class_="label")
        if narrow
        else text(axes.left - 12, y + 4, difference.label, class_="label", anchor="end"),
        line((axes.x(difference.low), y), (axes.x(difference.high), y), "whisker"),
        shapes[kind],
        class_=f"difference {kind}",
    )
