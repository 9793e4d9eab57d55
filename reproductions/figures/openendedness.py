"""Do tasks stay different, and within reach? Vendi scores over the generations, and how many models pass the active tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from acdc.numbers.digits import fixed, in_percent
from acdc.runs.openendedness import BANDS, Openness
from reproductions.figures.svg import Axes, Element, element, figure, line, path, ticks, tip

_WIDTH, _HEIGHT = 236.0, 176.0


@dataclass(frozen=True)
class Shown:
    """The figures of one variant.

    Attributes:
        name: The variant.
        runs: Openness of every generation, for each run seed.
    """

    name: str
    runs: Sequence[Sequence[Openness]]

    @property
    def last(self) -> int:
        """Its last generation."""
        return max(row.generation for run in self.runs for row in run)


def diversity(shown: Shown, last: int, most: float) -> Element:
    """Effective number of tasks, of the pool and of all history; one line for each run seed.

    Args:
        shown: One variant.
        last: Last generation of all panels.
        most: Largest number of all panels.
    """
    axes = _axes(last, (0, most))
    parts = [axes.grid(ticks(0, max(1, last), about=4, least=1), ticks(0, most, about=4), percent=False)]
    for style, name in (("best", "vendi_history"), ("coverage", "vendi_pool")):
        for run in shown.runs:
            points = axes.points([row.generation for row in run], [getattr(row, name) for row in run])
            if len(points) == 1:
                parts.append(
                    element("circle", cx=points[0][0], cy=points[0][1], r=2.5, class_=f"dot track {style}")
                )
            else:
                parts.append(path(points, f"track {style}"))
    pool, ever = (
        _mean([run[-1].vendi_pool for run in shown.runs]),
        _mean([run[-1].vendi_history for run in shown.runs]),
    )
    title = f"{shown.name}: at last as different as {fixed(pool, 1)} tasks in the pool and {fixed(ever, 1)} in all history."
    return figure(_WIDTH, _HEIGHT, title, *parts, class_="panel")


def reach(shown: Shown, last: int) -> Element:
    """Shares of the active tasks by how many of the archive pass them, stacked; the mean over run seeds.

    Args:
        shown: One variant.
        last: Last generation of all panels.
    """
    axes = replace(_axes(last, (0, 1)), x_range=(-0.5, last + 0.5))  # a bar stands over its generation
    step = axes.x(1) - axes.x(0)
    parts = [axes.grid(ticks(0, max(1, last), about=4, least=1), (0, 0.25, 0.5, 0.75, 1))]
    for number in range(shown.last + 1):
        rows = [row for run in shown.runs for row in run if row.generation == number]
        base = 0.0
        for place, share in enumerate(_shares(rows)):
            top = base + share
            area = element(
                "rect", tip(f"generation {number}: {BANDS[place]} passes {in_percent(share, 0)}%"),
                x=axes.x(number - 0.5), y=axes.y(top), width=step, height=axes.y(base) - axes.y(top),
                class_=f"reach reach-{place}",
            )  # fmt: skip
            parts.append(area)
            base = top
    unsolved = _shares([run[-1] for run in shown.runs])[0]
    title = f"{shown.name}: at last no individual of the archive passes {in_percent(unsolved, 0)} percent of the active tasks."
    return figure(_WIDTH, _HEIGHT, title, *parts, class_="panel")


def diversity_key() -> list[tuple[str, Element]]:
    """Swatches of the two lines."""
    return [
        (name, figure(28, 10, name, line((0, 5), (28, 5), f"track {style}")))
        for name, style in (("pool", "coverage"), ("history", "best"))
    ]


def reach_key() -> list[tuple[str, Element]]:
    """Swatches of the bands, from nobody to everybody."""
    return [
        (
            name,
            figure(
                14, 10, name, element("rect", x=0, y=0, width=14, height=10, class_=f"reach reach-{place}")
            ),
        )
        for place, name in enumerate(BANDS)
    ]


def _axes(last: int, values: tuple[float, float]) -> Axes:
    return Axes(30, 10, _WIDTH - 10, _HEIGHT - 22, (0, max(1, last)), values)


def _shares(rows: Sequence[Openness]) -> list[float]:
    """Share of each band, the mean over rows that know any."""
    known = [row.pass_rates for row in rows if sum(row.pass_rates.values())]
    return [_mean([rates[band] / sum(rates.values()) for rates in known]) for band in BANDS]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
