"""What happened over the generations of a run: small panels on shared axes."""

from collections.abc import Sequence
from dataclasses import dataclass

from acdc.numbers.digits import in_percent
from reproductions.figures.svg import Axes, Element, element, figure, line, path, ticks


@dataclass(frozen=True)
class Track:
    """One quantity of one run over its generations.

    Attributes:
        style: Its class in the style sheet: coverage, best or mean.
        generations: Ascending.
        values: In [0, 1].
    """

    style: str
    generations: tuple[int, ...]
    values: tuple[float, ...]


def panel(
    title: str,
    tracks: Sequence[Track],
    marks: Sequence[int],
    last: int,
    *,
    width: float = 236,
    height: float = 176,
) -> Element:
    """One variant: every run seed's tracks as thin lines, dotted verticals where the task pool evolved."""
    axes = Axes(30, 10, width - 10, height - 22, (0, max(1, last)), (0, 1))
    x_ticks = ticks(0, max(1, last), about=4, least=1)
    parts = [axes.grid(x_ticks, (0, 0.25, 0.5, 0.75, 1))]
    parts += [line((axes.x(n), axes.top), (axes.x(n), axes.bottom), "event") for n in marks]
    parts += [_track(axes, track) for track in tracks]
    ends = {track.style: track.values[-1] for track in tracks}
    spoken = ", ".join(f"{style} {in_percent(value, 0)}" for style, value in ends.items())
    return figure(width, height, f"{title}: last values in percent: {spoken}.", *parts, class_="panel")


def _track(axes: Axes, track: Track) -> Element:
    points = axes.points(track.generations, track.values)
    if len(points) == 1:
        return element("circle", cx=points[0][0], cy=points[0][1], r=2.5, class_=f"dot track {track.style}")
    return path(points, f"track {track.style}")
