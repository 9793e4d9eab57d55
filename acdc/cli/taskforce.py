"""``acdc taskforce``: which N individuals belong together, of a run or of any checkpoints."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, DryRun, Json, Overrides, Params, settings
from acdc.numbers.digits import in_percent

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "taskforce", help="Choose the task force of finished runs, or among checkpoints of your own."
    )(taskforce)


def taskforce(
    names: Annotated[
        list[str],
        typer.Argument(help="A family and a variant of params.yaml; with --models more directories."),
    ] = [],  # noqa: B006
    models: Annotated[
        list[Path],
        typer.Option("--models", help="Checkpoint directories to choose from instead.", metavar="DIR..."),
    ] = [],  # noqa: B006
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            help="With --models: the finished run whose tasks decide; default: the first selected.",
            metavar="DIR",
        ),
    ] = None,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Choose."""
    from acdc.errors import InputError

    config = settings(params, overrides)
    if models:
        directories = [*models, *map(Path, names)]  # `--models A B C`: B and C arrive as arguments
        if dry_run:
            tasks = config.run_specs(config.selected.families[0])[0].settings.tasks.choice_tasks
            typer.echo(f"taskforce of {len(directories)} checkpoints on at most {tasks or 'all'} tasks")
            return
        _models(config, directories, run, as_json)
        return
    if len(names) != 2:
        raise InputError(
            "name a family and a variant, or name checkpoints with --models DIR DIR ... --run RUN"
        )
    family, variant = names
    runs = config.run_specs(family, [variant])
    if dry_run:
        limit, tasks = config.taskforce.candidates, runs[0].settings.tasks.choice_tasks
        many = (limit or 0) * (tasks or 0)
        typer.echo(
            f"taskforce {family}/{variant}, run seeds {config.selected.seeds}: at most {limit or 'all'} candidates x "
            f"{tasks or 'all'} tasks each{f' ({many:,} answers, fewer where the run has them)' if many else ''}"
        )
        return
    _runs(config, runs, as_json)


def _runs(config: "Config", runs: "list[RunSpec]", as_json: bool) -> None:
    from acdc.executors import hosted
    from acdc.processes.pool import Work, cores, run_all
    from acdc.processes.progress import Board
    from acdc.runs.choose_taskforce import choose_run
    from acdc.runs.endpoints import require_endpoints
    from acdc.storage.layout import Layout

    layout = Layout()
    for warning in require_endpoints(config, runs[0].settings, ("answers",)):
        typer.echo(f"warning: {warning}", err=True)
    family, variant, _ = runs[0].key
    workers = config.executor.workers or min(len(runs), max(cores() * 2, 1))
    with hosted(config, lambda line: typer.echo(line, err=True)) as here:
        if here.executor.kind == "ray":
            workers = 1  # every choice has all workers of the cluster, so one goes after another
        work = [Work(f"seed {run.key.seed}", choose_run, (here, layout, run)) for run in runs]
        with Board(f"taskforce {family}/{variant}", [item.name for item in work]) as board:
            results = run_all(work, workers=workers, on_event=board.update)
    if as_json:
        typer.echo(json.dumps({name: result._asdict() for name, result in results.items()}, indent=2))
        return
    for name, result in results.items():
        sizes = ", ".join(
            f"N={n} {in_percent(value)}%" for n, value in result.synthetic.items() if int(n) in (1, 3, 8)
        )
        typer.echo(
            f"{family}/{variant} {name}: {result.candidates} candidates, {result.tasks} tasks; covers {sizes}"
        )


def _models(config: "Config", models: list[Path], run: Path | None, as_json: bool) -> None:
    from acdc.processes.progress import Board
    from acdc.runs.choose_taskforce import choose_models
    from acdc.storage.layout import Layout

    selected = config.selected
    first = Layout().run(selected.families[0], selected.variants[0], selected.seeds[0])
    with Board("taskforce", ["checkpoints"]) as board:
        result = choose_models(
            config,
            Layout(),
            models,
            run or first,
            0,
            report=lambda **event: board.update("checkpoints", event),
        )
    if as_json:
        typer.echo(json.dumps({"tasks_of": result.tasks_of, **asdict(result.choice)}, indent=2))
        return
    for n, best in result.choice.exact.items():
        proof = "proven best" if best.proven else f"no {n} cover more than {in_percent(best.bound)}%"
        typer.echo(
            f"N={n}: {in_percent(best.coverage)}% of {len(result.choice.tasks)} tasks ({proof}): {', '.join(best.members)}"
        )
