"""``acdc figures RUN``: how open-ended a finished run was, generation by generation."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import Json
from acdc.numbers.digits import fixed, in_percent

if TYPE_CHECKING:
    from acdc.runs.openendedness import Openness
    from acdc.tasks.novelty import Embedder


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "figures", help="Diversity, lineage and difficulty of a finished run's tasks in every generation."
    )(figures)


def figures(
    run: Annotated[Path, typer.Argument(help="A run's directory: runs/FAMILY/VARIANT/seed-0.")],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="A sentence-transformers directory for the Vendi scores; default: hashed n-grams.",
            metavar="DIR",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the figures."""
    from acdc.runs.openendedness import ORDER, openness
    from acdc.storage.store import RunStore

    embedder = _embedder(model)
    with RunStore.read(run) as store:
        found = openness(store, embedder)
    if as_json:
        content = {
            "run": str(run),
            "embedder": embedder.version,
            "vendi_order": ORDER,
            "generations": [one.to_json() for one in found],
        }
        typer.echo(json.dumps(content, indent=2))
        return
    typer.echo(f"{run}: Vendi scores of order q = {ORDER:g}, cosines of {embedder.version}")
    _print(found)


def _embedder(model: Path | None) -> "Embedder":
    from acdc.tasks.plugins import open_embedder
    from acdc.tasks.settings import EmbedderSettings, SentenceTransformersSettings

    return open_embedder(EmbedderSettings() if model is None else SentenceTransformersSettings(path=model))


def _print(found: "list[Openness]") -> None:
    from rich.console import Console
    from rich.table import Table

    heads = (
        "gen", "active", "ever", "Vendi pool", "Vendi history", "depth", "unsolved", "new models", "gibberish", "accepted",
        "rejected",
    )  # fmt: skip
    table = Table(*heads, box=None, pad_edge=False)
    for one in found:
        table.add_row(
            str(one.generation),
            str(one.active),
            str(one.ever),
            fixed(one.vendi_pool, 1),
            fixed(one.vendi_history, 1),
            f"{fixed(one.mean_depth, 1)} (≤ {one.deepest})",
            "-" if one.unsolved is None else f"{in_percent(one.unsolved, 0)}%",
            f"{one.new_in_archive}/{one.newborn}",
            str(one.gibberish),
            _words(one.accepted),
            _words(one.rejected),
        )
    Console(width=160).print(table)


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())
