"""Coverage against N: one chart of all methods, and a panel for each rival with both intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from acdc.numbers.digits import in_percent
from reproductions.figures.svg import Axes, Element, apart, element, figure, padded, path, text, ticks, tip

_KEY_ROW = 20.0  # height of a row of the key


@dataclass(frozen=True)
class Line:
    """Coverage of one method.

    Attributes:
        label: Name of the method.
        sizes: N, ascending.
        mean: Coverage at each N, in [0, 1].
        low: Lower ends of its intervals.
        high: Upper ends.
        style: "ours", or a number from 1 to 7 that picks colour and dash.
    """

    label: str
    sizes: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    style: str

    def at(self, n: int) -> tuple[float, float, float] | None:
        """Mean, low and high at N, None where there is none."""
        if n not in self.sizes:
            return None
        i = self.sizes.index(n)
        return self.mean[i], self.low[i], self.high[i]


def overview(lines: Sequence[Line], *, narrow: bool = False) -> Element:
    """All methods; the interval of the task force only, the panels have the others.

    Args:
        lines: One a method.
        narrow: For a phone: names stand below the chart, each with a piece of its line, instead of at the lines' ends.
    """
    width, plot = (360.0, 300.0) if narrow else (760.0, 430.0)
    height = plot + (_KEY_ROW * len(lines) if narrow else 0.0)
    ours = [line for line in lines if line.style == "ours"]
    sizes = sorted({n for line in lines for n in line.sizes})
    values = [value for line in lines for value in line.mean] + [
        v for line in ours for v in (*line.low, *line.high)
    ]
    right = width - (12 if narrow else 216)
    axes = Axes(32 if narrow else 44, 14, right, plot - 44, (sizes[0], sizes[-1]), padded(values))
    drawn = [axes.grid(sizes, ticks(*axes.y_range))]
    drawn += [band(axes, line) for line in ours]
    drawn += [curve(axes, line) for line in sorted(lines, key=lambda line: line.style == "ours")]
    drawn.append(_key(axes, lines, plot) if narrow else _labels(axes, lines))
    drawn.append(
        text((axes.left + axes.right) / 2, plot - 8, "N, answers a question", class_="axis", anchor="middle")
    )
    return figure(width, height, _spoken(lines), *drawn, class_="narrow" if narrow else "wide")


def panel(
    ours: Line, rival: Line, y_range: tuple[float, float], *, width: float = 236, height: float = 176
) -> Element:
    """The task force and one rival, both with their intervals, on axes shared by all panels."""
    sizes = sorted({*ours.sizes, *rival.sizes})
    axes = Axes(30, 10, width - 10, height - 22, (sizes[0], sizes[-1]), y_range)
    drawn = [axes.grid(sizes, ticks(*y_range))]
    drawn += [band(axes, rival), band(axes, ours), curve(axes, rival), curve(axes, ours)]
    return figure(width, height, _spoken([ours, rival]), *drawn, class_="panel")


def shared_range(lines: Sequence[Line]) -> tuple[float, float]:
    """One range of y for several charts."""
    return padded([value for line in lines for value in (*line.mean, *line.low, *line.high)])


def band(axes: Axes, line: Line) -> Element:
    """The interval as an area; as a bar where there is one N only."""
    if len(line.sizes) == 1:
        x = axes.x(line.sizes[0])
        return path([(x, axes.y(line.low[0])), (x, axes.y(line.high[0]))], f"bar style-{line.style}")
    upper = axes.points(line.sizes, line.high)
    lower = axes.points(line.sizes, line.low)
    return path([*upper, *reversed(lower)], f"band style-{line.style}", closed=True)


def curve(axes: Axes, line: Line) -> Element:
    """The line with a dot at each N; a dot shows its numbers."""
    dots = []
    for n, mean, low, high in zip(line.sizes, line.mean, line.low, line.high, strict=True):
        x, y = axes.point(n, mean)
        numbers = f"{line.label}, N = {n}: {in_percent(mean)} [{in_percent(low)}, {in_percent(high)}]"
        dots.append(
            element("circle", tip(numbers), cx=x, cy=y, r=3.2 if line.style == "ours" else 2.4, class_="dot")
        )
    drawn = path(axes.points(line.sizes, line.mean), "curve")
    return element("g", drawn, *dots, class_=f"series style-{line.style}")


def _labels(axes: Axes, lines: Sequence[Line]) -> Element:
    ends = [axes.y(line.mean[-1]) for line in lines]
    parts: list[Element] = []
    for line, at, end in zip(lines, apart(ends, 15, axes.top + 4, axes.bottom), ends, strict=True):
        x = axes.x(line.sizes[-1])
        parts.append(path([(x + 6, end), (axes.right + 16, at)], "leader"))
        parts.append(text(axes.right + 20, at + 4, line.label, class_=f"label style-{line.style}"))
    return element("g", *parts)


def _key(axes: Axes, lines: Sequence[Line], top: float) -> Element:
    parts: list[Element] = []
    order = sorted(lines, key=lambda line: -line.mean[-1])  # as the lines end, from above
    for place, line in enumerate(order):
        y = top + _KEY_ROW * (place + 0.5)
        swatch = path([(axes.left, y), (axes.left + 28, y)], "curve")
        parts.append(element("g", swatch, class_=f"series style-{line.style}"))
        parts.append(text(axes.left + 36, y + 4, line.label, class_=f"label style-{line.style}"))
    return element("g", *parts)


def _spoken(lines: Sequence[Line]) -> str:
    ends = "; ".join(f"{line.label} {in_percent(line.mean[-1])} at N = {line.sizes[-1]}" for line in lines)
    return f"Line chart of coverage in percent against N. {ends}."
