"""``acdc evolve FAMILY VARIANT``: every run seed of a cell, in parallel processes, each from where it was."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acdc.commands.options import PARAMS, DryRun, Family, Json, Overrides, Params, Variant, settings

if TYPE_CHECKING:
    from acdc.config import Config
    from acdc.layout import Layout
    from acdc.replay import Other


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("evolve", help="Coevolve models and tasks: all run seeds of a variant of a family.")(evolve)


def evolve(
    family: Family,
    variant: Variant,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    seed: Annotated[list[int], typer.Option("--seed", help="Only these run seeds.")] = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> str | None:
    """Evolve."""
    config = settings(params, overrides)
    run_settings = config.evolution(family, variant)
    seeds = seed or config.selected.seeds
    if dry_run:
        _print_plan(family, variant, seeds, run_settings, as_json)
        return None
    from acdc.layout import Layout
    from acdc.progress import Board
    from acdc.run import evolve_run, require_models
    from acdc.store import is_finished
    from acdc.tasks import task_file
    from acdc.voices import require_voices
    from acdc.workers import Work, cores, run_all

    layout = Layout()
    require_models(layout, family)
    if run_settings.tasks.source is not None:
        task_file.read(run_settings.tasks.source)  # refused before anything is written
    if not all(is_finished(layout.run(family, variant, s)) for s in seeds):
        for warning in require_voices(config, run_settings):
            typer.echo(f"warning: {warning}", err=True)
    first = _missing(config, layout, family, variant, seeds)
    if first:
        names = [f"{other.variant} seed {other.seed}" for other in first]
        typer.echo(f"{family}/{variant} replays runs that are not there yet: {', '.join(names)}", err=True)
        before = [
            Work(name, evolve_run, (config, layout, family, other.variant, other.seed))
            for name, other in zip(names, first, strict=True)
        ]
        with Board(f"evolve what {family}/{variant} replays", names) as board:
            run_all(before, workers=config.executor.workers or cores(), on_event=board.update)
    work = [Work(f"seed {s}", evolve_run, (config, layout, family, variant, s)) for s in seeds]
    # As many single-thread processes as run seeds: three on two cores end sooner than two and then one.
    workers = config.executor.workers or min(len(work), max(cores() * 2, 1))
    with Board(f"evolve {family}/{variant}", [item.name for item in work]) as board:
        results = run_all(work, workers=workers, on_event=board.update)
    idle = None if any(result["worked"] for result in results.values()) else "idle"
    if as_json:
        typer.echo(json.dumps(results, indent=2))
        return idle
    for name, result in results.items():
        typer.echo(f"{family}/{variant} {name}: {_sentence(result)}")
    return idle


def _missing(
    config: "Config", layout: "Layout", family: str, variant: str, seeds: list[int]
) -> list["Other"]:
    """The runs that these replay and that are not there, or not as today's settings would make them."""
    from acdc.errors import InputError
    from acdc.replay import needed, opened

    missing = []
    for other in dict.fromkeys(o for s in seeds for o in needed(config.evolution(family, variant), s)):
        try:
            opened(config, family, variant, other, layout.cell(family, variant)).close()
        except InputError:
            missing.append(other)
    return missing


def _sentence(result: dict[str, Any]) -> str:
    last = result["statistics"]
    text = (
        f"{result['generations']} generations, {last['tasks']} tasks, archive covers {last['coverage']:.1%}"
    )
    text += f", best alone {last['best_fitness']:.1%}"
    if result["set_aside"]:
        text += f"; the old run was {result['set_aside']}"
    return text + ("" if result["worked"] else " (was finished already)")


def _print_plan(family: str, variant: str, seeds: list[int], run_settings: Any, as_json: bool) -> None:
    from acdc.layout import Layout
    from acdc.plan import plan
    from acdc.replay import needed

    base = Layout().models(family) / "base" / "model.safetensors"
    one = plan(run_settings, base.stat().st_size if base.is_file() else 0)
    replayed = [f"{other.variant} seed {other.seed}" for s in seeds for other in needed(run_settings, s)]
    if as_json:
        cell = {"family": family, "variant": variant, "seeds": seeds, "per_run": one.to_json()}
        typer.echo(json.dumps({**cell, "replays": replayed} if replayed else cell, indent=2))
        return
    typer.echo(f"evolve {family}/{variant}, run seeds {', '.join(map(str, seeds))}; each run:\n{one.text()}")
    if replayed:
        typer.echo(f"  replays {', '.join(replayed)}: made first where they are missing")
