"""What the report's section about open-endedness shows: figures of every run's tasks, read from the stores."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from acdc.runs.openendedness import ORDER, openness
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from acdc.tasks.novelty import HashingEmbedder
from reproductions.figures import openendedness as draw
from reproductions.figures.openendedness import Shown
from reproductions.figures.svg import Element, markup
from reproductions.report.run_views import Run
from reproductions.text.templates import safe


class OpenPanel(NamedTuple):
    """A variant's two figures."""

    name: str
    diversity: Any
    reach: Any


class OpenRow(NamedTuple):
    """A run: its figures at the last generation, tasks accepted by what was asked for, and rejected by reason."""

    variant: str
    seed: int
    last: Any
    accepted: dict[str, int]
    rejected: dict[str, int]


class OpenEnded(NamedTuple):
    """What the section shows: the order of the score, the embedder, panels with their legends, rows of a table."""

    order: str
    embedder: str
    panels: list[OpenPanel]
    diversity_key: list[tuple[str, Any]]
    reach_key: list[tuple[str, Any]]
    rows: list[OpenRow]


def openended_view(layout: Layout, family: str, runs: Sequence[Run]) -> OpenEnded | None:
    """Panels and a table for each variant; None where no run is on this machine."""
    embedder = HashingEmbedder()
    found: dict[str, list[Any]] = {}
    for run in runs:
        with RunStore.read(layout.run(family, run.variant, run.seed)) as store:
            found.setdefault(run.variant, []).append(openness(store, embedder))
    if not found:
        return None
    shown = [Shown(variant, figures) for variant, figures in found.items()]
    last = max(one.last for one in shown)
    most = max(max(row.vendi_pool, row.vendi_history) for one in shown for run in one.runs for row in run)
    return OpenEnded(
        order=f"{ORDER:g}",
        embedder=embedder.version,
        panels=[
            OpenPanel(one.name, _svg(draw.diversity(one, last, most * 1.05)), _svg(draw.reach(one, last)))
            for one in shown
        ],
        diversity_key=[(name, _svg(node)) for name, node in draw.diversity_key()],
        reach_key=[(name, _svg(node)) for name, node in draw.reach_key()],
        rows=[_row(one.name, run.seed, figures) for one in shown for run, figures in _seeds(one, runs)],
    )


def _seeds(shown: Shown, runs: Sequence[Run]) -> list[tuple[Run, Any]]:
    return list(zip([run for run in runs if run.variant == shown.name], shown.runs, strict=True))


def _row(variant: str, seed: int, figures: Sequence[Any]) -> OpenRow:
    """One run: what was asked for and what became of it, and the lineage of what is active at the end."""
    accepted: dict[str, int] = {}
    rejected: dict[str, int] = {}
    for one in figures:
        for total, counts in ((accepted, one.accepted), (rejected, one.rejected)):
            for name, number in counts.items():
                total[name] = total.get(name, 0) + number
    return OpenRow(variant, seed, figures[-1], dict(sorted(accepted.items())), dict(sorted(rejected.items())))


def _svg(node: Element) -> Any:
    return safe(markup(node))
