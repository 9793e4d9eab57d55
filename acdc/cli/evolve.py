"""``acdc evolve FAMILY VARIANT``: every run seed of a cell, in parallel processes, each from where it was."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Family, Json, Overrides, Params, Variant, settings
from acdc.numbers.digits import in_percent

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec
    from acdc.runs.run import Evolved
    from acdc.storage.layout import Layout


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
    hardware: Annotated[
        str | None, typer.Option("--hardware", help="With --dry-run: count hours on this hardware.")
    ] = None,
    child_seconds: Annotated[
        float | None,
        typer.Option("--child-seconds", help="With --dry-run: crossover and mutation of a child."),
    ] = None,
    tokens_per_second: Annotated[
        float | None, typer.Option("--tokens-per-second", help="With --dry-run: of your engines together.")
    ] = None,
    as_json: Json = False,
) -> str | None:
    """Evolve."""
    from acdc.cli.evolution_plan import print_plan
    from acdc.variation.mergekit_methods import require

    config = settings(params, overrides)
    runs = [config.run_spec(family, variant, number) for number in seed or config.selected.seeds]
    wanted = runs[0].settings
    require(wanted.crossover.kind)
    for section in (wanted.crossover, wanted.mutation, wanted.selection):
        section.resolved()  # a plugin that is not there, or of another version than is asked for, ends it here
    if dry_run:
        figures = {"child_seconds": child_seconds, "tokens_per_second": tokens_per_second}
        print_plan(config, runs, {"hardware": hardware, **figures}, as_json)
        return None
    results = _evolved(config, runs)
    idle = None if any(result.worked for result in results.values()) else "idle"
    if as_json:
        typer.echo(json.dumps({name: result._asdict() for name, result in results.items()}, indent=2))
        return idle
    for name, result in results.items():
        typer.echo(f"{family}/{variant} {name}: {_sentence(result)}")
    _warn(runs)
    return idle


def _evolved(config: "Config", runs: "list[RunSpec]") -> "dict[str, Evolved]":
    """Evolve runs of one variant, and before them the runs that they replay and that are not there yet."""
    from acdc.executors import hosted
    from acdc.processes.pool import cores
    from acdc.storage.layout import Layout

    layout = Layout()
    _require(config, layout, runs)
    missing = _missing(config, layout, runs)
    # As many single-thread processes as run seeds: three on two cores end sooner than two and then one.
    workers = config.executor.workers or min(len(runs), max(cores() * 2, 1))
    family, variant, _ = runs[0].key
    with hosted(config, lambda line: typer.echo(line, err=True)) as here:
        if here.executor.kind == "ray":
            workers = 1  # every run has all workers of the cluster, so one goes after another
        if missing:
            named = {f"{run.key.variant} seed {run.key.seed}": run for run in missing}
            typer.echo(
                f"{family}/{variant} replays runs that are not there yet: {', '.join(named)}", err=True
            )
            _in_workers(f"evolve what {family}/{variant} replays", here, named, workers)
        return _in_workers(
            f"evolve {family}/{variant}", here, {f"seed {run.key.seed}": run for run in runs}, workers
        )


def _in_workers(
    title: str, config: "Config", runs: "dict[str, RunSpec]", workers: int
) -> "dict[str, Evolved]":
    """Evolve runs in worker processes; results by the names that the board shows."""
    from acdc.processes.pool import Work, run_all
    from acdc.processes.progress import Board
    from acdc.runs.run import evolve_run
    from acdc.storage.layout import Layout

    work = [Work(name, evolve_run, (config, Layout(), run)) for name, run in runs.items()]
    with Board(title, list(runs)) as board:
        return run_all(work, workers=workers, on_event=board.update)


def _require(config: "Config", layout: "Layout", runs: "list[RunSpec]") -> None:
    """Refuse what is missing of models, tasks and endpoints before anything is written."""
    from acdc.runs.endpoints import require_endpoints
    from acdc.runs.run import require_models
    from acdc.storage.run_directory import is_finished
    from acdc.tasks import task_file

    wanted = runs[0].settings
    require_models(layout, runs[0].key.family)
    if wanted.tasks.source is not None:
        task_file.read(wanted.tasks.source)
    if not all(is_finished(layout.run(*run.key)) for run in runs):
        for warning in require_endpoints(config, wanted):
            typer.echo(f"warning: {warning}", err=True)


def _warn(runs: "list[RunSpec]") -> None:
    """Say of which finished runs the language models were of no use."""
    from acdc.runs.warnings import run_warnings
    from acdc.storage.layout import Layout

    for run in runs:
        directory = Layout().run(*run.key)
        if (found := run_warnings(directory)) is not None:
            for warning in found.warnings(directory):
                typer.echo(f"warning: seed {run.key.seed}: {warning}", err=True)


def _missing(config: "Config", layout: "Layout", runs: "list[RunSpec]") -> "list[RunSpec]":
    """The runs that these replay and that are not there, or not as today's settings would make them."""
    from acdc.errors import InputError
    from acdc.runs.replay import opened

    missing = {}
    for run in runs:
        for other in run.needed:
            try:
                opened(config, run, other, layout.cell(run.key.family, run.key.variant)).close()
            except InputError:
                missing[other.run.key] = other.run
    return list(missing.values())


def _sentence(result: "Evolved") -> str:
    last = result.statistics
    text = f"{result.generations} generations, {last['tasks']} tasks, archive covers {in_percent(last['coverage'])}%"
    text += f", best alone {in_percent(last['best_fitness'])}%"
    if result.set_aside:
        text += f"; the old run was {result.set_aside}"
    return text + ("" if result.worked else " (was finished already)")
