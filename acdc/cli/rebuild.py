"""``acdc rebuild ID``: make the weights of any individual of a run again, and prove that they are the same."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, check_place, settings

if TYPE_CHECKING:
    from torch import Tensor

    from acdc.config.config import Config


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("rebuild", help="Make an individual's weights again from its recipe, to the same hash.")(
        rebuild
    )


def rebuild(
    id: Annotated[str, typer.Argument(help="An individual of the run, dead or alive.", metavar="ID")],
    run: Annotated[
        Path | None, typer.Option("--run", help="A finished run; default: the first selected.", metavar="DIR")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Write a directory of safetensors there; default: only compare the hash."),
    ] = None,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Rebuild."""
    from acdc.errors import InputError
    from acdc.storage.layout import Layout

    check_place("--to", to, "folder")
    config = settings(params, overrides)
    selected = config.selected
    run = run or Layout().run(selected.families[0], selected.variants[0], selected.seeds[0])
    if to is not None and to.exists():
        raise InputError(f"{to} exists already; name a new directory")
    made = _made(config, run, id, to)
    facts = {"id": id, "run": str(run), "weights_hash": made.found, "tensors": made.tensors}
    if as_json:
        typer.echo(json.dumps({**facts, "bytes": made.size, "to": None if to is None else str(to)}, indent=2))
        return
    where = "nothing was written (--to DIR does)" if to is None else f"written to {to}"
    said = " as the run says" if made.found == made.recorded else ""
    typer.echo(f"{id}: {made.tensors} tensors, {made.size / 1e6:.1f} MB, hash {made.found}{said}; {where}")


class _Made(NamedTuple):
    """Hash of the weights that were made and of those that the run recorded; how many tensors and bytes."""

    found: str
    recorded: str
    tensors: int
    size: int


def _made(config: "Config", run: Path, id: str, to: Path | None) -> _Made:
    """Make the weights again, below `to` or only for their hash, and compare them with what the run recorded."""
    from acdc.families.family import resolve
    from acdc.population.population import Population
    from acdc.processes.progress import Board
    from acdc.runs.assembly import engine_of, founders_of
    from acdc.runs.other_bits import OtherBits
    from acdc.storage.layout import Layout
    from acdc.storage.store import RunStore
    from acdc.weights.shards import StoredWeights, write_shards
    from acdc.weights.tensors import WeightsDigest

    with RunStore.read(run) as store, Board("rebuild", [id]) as board:
        name = json.loads(store.meta("run") or "{}")["family"]
        family = resolve(name, config.family(name), Layout().families(), thorough=False)
        population = Population(founders_of(family), store, run / "weights", "none")
        other_bits = OtherBits(store, functools.partial(engine_of, config, family), typer.echo)
        individual, expected, tensors = population.made_again(id)

        def watched() -> "Iterator[tuple[str, Tensor]]":
            for done, item in enumerate(tensors):
                yield item
                board.update(id, {"done": done + 1, "of": len(expected)})

        def accept(found: str, where: Path) -> None:
            if found != individual.weights_hash:
                other_bits(individual, StoredWeights(where))

        if to is not None:
            found = write_shards(watched(), expected, to, accept)
        else:
            digest = WeightsDigest()
            for tensor in watched():
                digest.add(*tensor)
            found = digest.hexdigest()
            if found != individual.weights_hash:
                other_bits(individual, dict(population.made_again(id)[2]))
    size = sum(header.bytes for header in expected.values())
    return _Made(found, individual.weights_hash, len(expected), size)
