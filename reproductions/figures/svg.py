"""The few parts of SVG that the figures need. Built as a tree, so that no text can break out of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from acdc.numbers.digits import fixed, in_percent

Element = ElementTree.Element
Point = tuple[float, float]


def element(tag: str, *children: "Element | str | None", **attributes: "str | float | None") -> Element:
    """An element. ``class_`` is class, other underscores are hyphens, numbers get two decimals, None is left out."""
    node = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            node.set(name.rstrip("_").replace("_", "-"), value if isinstance(value, str) else number(value))
    for child in children:
        if isinstance(child, str):
            node.text = (node.text or "") + _printable(child)
        elif child is not None:
            node.append(child)
    return node


def figure(width: float, height: float, title: str, *children: Element | None, class_: str = "") -> Element:
    """The `svg` element: scales with its box, and says to a screen reader what it shows."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        aria_label=_printable(title),
        class_=f"figure {class_}".strip(),
    )


def text(x: float, y: float, content: str, *, class_: str = "", anchor: str = "start") -> Element:
    """A line of text; ``anchor`` is start, middle or end."""
    return element("text", content, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(start: Point, end: Point, class_: str) -> Element:
    """A straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


def path(points: Sequence[Point], class_: str, *, closed: bool = False) -> Element:
    """A polyline or a polygon."""
    steps = " ".join(f"{'L' if i else 'M'}{number(x)} {number(y)}" for i, (x, y) in enumerate(points))
    return element("path", d=steps + ("Z" if closed else ""), class_=class_)


def tip(content: str) -> Element:
    """What a browser shows when the pointer rests on the parent."""
    return element("title", content)


def markup(node: Element) -> str:
    """The text of an element, for the middle of an HTML page."""
    return ElementTree.tostring(node, encoding="unicode")


def number(value: float) -> str:
    """A number for an attribute, short."""
    return fixed(value, 2).rstrip("0").rstrip(".") if value else "0"


@dataclass(frozen=True)
class Axes:
    """A rectangle of the drawing and the ranges that it shows; y grows upwards.

    Attributes:
        left: Of the rectangle, in units of the drawing, as are the next three.
        top: See above.
        right: See above.
        bottom: See above.
        x_range: Smallest and largest value shown.
        y_range: Smallest and largest value shown.
    """

    left: float
    top: float
    right: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Place of a value."""
        low, high = self.x_range
        return self.left + (value - low) / ((high - low) or 1) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Place of a value."""
        low, high = self.y_range
        return self.bottom - (value - low) / ((high - low) or 1) * (self.bottom - self.top)

    def point(self, x: float, y: float) -> Point:
        """Place of a pair."""
        return self.x(x), self.y(y)

    def points(self, xs: Sequence[float], ys: Sequence[float]) -> list[Point]:
        """Places of pairs."""
        return [self.point(x, y) for x, y in zip(xs, ys, strict=True)]

    def grid(self, x_ticks: Sequence[float], y_ticks: Sequence[float], *, percent: bool = True) -> Element:
        """Horizontal grid lines, and numbers at both axes."""
        parts = []
        for value in y_ticks:
            parts.append(line((self.left, self.y(value)), (self.right, self.y(value)), "grid"))
            label = in_percent(value, 0) if percent else f"{value:g}"
            parts.append(text(self.left - 6, self.y(value) + 4, label, class_="tick", anchor="end"))
        below = self.bottom + 16
        parts += [
            text(self.x(value), below, f"{value:g}", class_="tick", anchor="middle") for value in x_ticks
        ]
        return element("g", *parts)


def ticks(low: float, high: float, about: int = 5, *, least: float = 0.0) -> list[float]:
    """Round numbers between two values, at least ``least`` apart."""
    if high <= low:
        return [low]
    rough = max((high - low) / about, least)
    scale: float = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * scale for factor in (1, 2, 2.5, 5, 10) if factor * scale >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def padded(
    values: Sequence[float], *, pad: float = 0.06, floor: float = 0.0, ceiling: float = 1.0
) -> tuple[float, float]:
    """A range around values with a margin, inside [floor, ceiling]."""
    low, high = min(values), max(values)
    margin = max((high - low) * pad, 0.01)
    return max(floor, low - margin), min(ceiling, high + margin)


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places of labels until they are ``gap`` apart, in order, inside [low, high] if there is room."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    ceiling = high
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - gap
    shift = max(0.0, low - moved[0]) if moved else 0.0
    result = [0.0] * len(places)
    for i, value in zip(order, moved, strict=True):
        result[i] = value + shift
    return result


def _printable(content: str) -> str:
    """XML knows no control characters: a model's answer may hold any."""
    return "".join(
        c
        if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
        else "\ufffd"
        for c in content
    )
