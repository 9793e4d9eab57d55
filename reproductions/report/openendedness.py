"""What the report's section about open-endedness shows: figures of every run's tasks, read from the stores."""

from collections.abc import Sequence
from typing import Any

from acdc.runs.openendedness import ORDER, openness
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from acdc.tasks.novelty import HashingEmbedder
from reproductions.figures import openendedness as draw
from reproductions.figures.openendedness import Shown
from reproductions.figures.svg import Element, markup
from reproductions.report.run_views import Run
from reproductions.text.templates import safe


def openended_view(layout: Layout, family: str, runs: Sequence[Run]) -> dict[str, Any] | None:
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
    return {
        "order": f"{ORDER:g}",
        "embedder": embedder.version,
        "panels": [
            {
                "name": one.name,
                "diversity": _svg(draw.diversity(one, last, most * 1.05)),
                "reach": _svg(draw.reach(one, last)),
            }
            for one in shown
        ],
        "diversity_key": [(name, _svg(node)) for name, node in draw.diversity_key()],
        "reach_key": [(name, _svg(node)) for name, node in draw.reach_key()],
        "rows": [_row(one.name, run.seed, figures) for one in shown for run, figures in _seeds(one, runs)],
    }


def _seeds(shown: Shown, runs: Sequence[Run]) -> list[tuple[Run, Any]]:
    return list(zip([run for run in runs if run.variant == shown.name], shown.runs, strict=True))


def _row(variant: str, seed: int, figures: Sequence[Any]) -> dict[str, Any]:
    """One run: what was asked for and what became of it, and the lineage of what is active at the end."""
    accepted: dict[str, int] = {}
    rejected: dict[str, int] = {}
    for one in figures:
        for total, counts in ((accepted, one.accepted), (rejected, one.rejected)):
            for name, number in counts.items():
                total[name] = total.get(name, 0) + number
    return {
        "variant": variant,
        "seed": seed,
        "last": figures[-1],
        "accepted": dict(sorted(accepted.items())),
        "rejected": dict(sorted(rejected.items())),
        "new_in_archive": sum(one.new_in_archive for one in figures),
        "gibberish": sum(one.gibberish for one in figures),
    }


def _svg(node: Element) -> Any:
    return safe(markup(node))
