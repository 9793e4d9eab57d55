"""``acdc evolve FAMILY VARIANT``: every run seed of a cell, in parallel processes, each from where it was."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acdc.cli.options import PARAMS, DryRun, Family, Json, Overrides, Params, Variant, settings
from acdc.numbers.digits import in_percent

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.preflight.costs import ModelSize
    from acdc.runs.replay import Other
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
    from acdc.variation.mergekit_methods import require

    config = settings(params, overrides)
    run_settings = config.evolution(family, variant)
    seeds = seed or config.selected.seeds
    require(run_settings.crossover.kind)
    for section in (run_settings.crossover, run_settings.mutation, run_settings.selection):
        section.resolved()  # a plugin that is not there, or of another version than is asked for, ends it here
    if dry_run:
        figures = {"child_seconds": child_seconds, "tokens_per_second": tokens_per_second}
        _print_plan(config, family, variant, seeds, {"hardware": hardware, **figures}, as_json)
        return None
    from acdc.executors import hosted
    from acdc.processes.pool import Work, cores, run_all
    from acdc.processes.progress import Board
    from acdc.runs.run import evolve_run
    from acdc.storage.layout import Layout

    layout = Layout()
    _require(config, layout, family, variant, seeds)
    first = _missing(config, layout, family, variant, seeds)
    # As many single-thread processes as run seeds: three on two cores end sooner than two and then one.
    workers = config.executor.workers or min(len(seeds), max(cores() * 2, 1))
    with hosted(config, lambda line: typer.echo(line, err=True)) as here:
        if here.executor.kind == "ray":
            workers = 1  # every run has all workers of the cluster, so one goes after another
        if first:
            _make(here, layout, family, variant, first, workers)
        work = [Work(f"seed {s}", evolve_run, (here, layout, family, variant, s)) for s in seeds]
        with Board(f"evolve {family}/{variant}", [item.name for item in work]) as board:
            results = run_all(work, workers=workers, on_event=board.update)
    idle = None if any(result["worked"] for result in results.values()) else "idle"
    if as_json:
        typer.echo(json.dumps(results, indent=2))
        return idle
    for name, result in results.items():
        typer.echo(f"{family}/{variant} {name}: {_sentence(result)}")
    _warn(layout, family, variant, seeds)
    return idle


def _require(config: "Config", layout: "Layout", family: str, variant: str, seeds: list[int]) -> None:
    """Refuse what is missing of models, tasks and endpoints before anything is written."""
    from acdc.runs.endpoints import require_voices
    from acdc.runs.run import require_models
    from acdc.storage.store import is_finished
    from acdc.tasks import task_file

    wanted = config.evolution(family, variant)
    require_models(layout, family)
    if wanted.tasks.source is not None:
        task_file.read(wanted.tasks.source)
    if not all(is_finished(layout.run(family, variant, seed)) for seed in seeds):
        for warning in require_voices(config, wanted):
            typer.echo(f"warning: {warning}", err=True)


def _warn(layout: "Layout", family: str, variant: str, seeds: list[int]) -> None:
    """Say of which finished runs the language models were of no use."""
    from acdc.runs.warnings import harvest

    for seed in seeds:
        directory = layout.run(family, variant, seed)
        if (found := harvest(directory)) is not None:
            for warning in found.warnings(directory):
                typer.echo(f"warning: seed {seed}: {warning}", err=True)


def _make(
    config: "Config", layout: "Layout", family: str, variant: str, runs: list["Other"], workers: int
) -> None:
    """Make the runs that a variant replays."""
    from acdc.processes.pool import Work, run_all
    from acdc.processes.progress import Board
    from acdc.runs.run import evolve_run

    names = [f"{other.variant} seed {other.seed}" for other in runs]
    typer.echo(f"{family}/{variant} replays runs that are not there yet: {', '.join(names)}", err=True)
    work = [
        Work(name, evolve_run, (config, layout, family, other.variant, other.seed))
        for name, other in zip(names, runs, strict=True)
    ]
    with Board(f"evolve what {family}/{variant} replays", names) as board:
        run_all(work, workers=workers, on_event=board.update)


def _missing(
    config: "Config", layout: "Layout", family: str, variant: str, seeds: list[int]
) -> list["Other"]:
    """The runs that these replay and that are not there, or not as today's settings would make them."""
    from acdc.errors import InputError
    from acdc.runs.replay import needed, opened

    missing = []
    for other in dict.fromkeys(o for s in seeds for o in needed(config.evolution(family, variant), s)):
        try:
            opened(config, family, variant, other, layout.cell(family, variant)).close()
        except InputError:
            missing.append(other)
    return missing


def _sentence(result: dict[str, Any]) -> str:
    last = result["statistics"]
    text = f"{result['generations']} generations, {last['tasks']} tasks, archive covers {in_percent(last['coverage'])}%"
    text += f", best alone {in_percent(last['best_fitness'])}%"
    if result["set_aside"]:
        text += f"; the old run was {result['set_aside']}"
    return text + ("" if result["worked"] else " (was finished already)")


def _print_plan(
    config: "Config", family: str, variant: str, seeds: list[int], given: dict[str, Any], as_json: bool
) -> None:
    from acdc.preflight.calls import call_plans
    from acdc.preflight.costs import costs, throughput
    from acdc.preflight.counts import plan
    from acdc.runs.endpoints import endpoints
    from acdc.runs.replay import needed
    from acdc.tiny.family import SEEDS

    settings, found = config.evolution(family, variant), _model_size(config, family)
    model = None if isinstance(found, str) else found
    one = plan(settings, model.bytes if model else 0)
    calls = call_plans(settings, endpoints(config, settings))
    replayed = [f"{other.variant} seed {other.seed}" for s in seeds for other in needed(settings, s)]
    cost = None
    if model is not None:
        memory = config.executor.memory_gigabytes * 1e9
        count = len(config.family(family).seeds or SEEDS)
        speed = throughput(settings, model, **given)
        cost = costs(settings, one, model, speed, in_memory=memory, seeds=count)
    if as_json:
        cell = {"family": family, "variant": variant, "seeds": seeds, "per_run": one.to_json()}
        cell |= {"calls_per_run": {role: asked.to_json() for role, asked in calls.items()}} if calls else {}
        cell |= {"replays": replayed} if replayed else {}
        typer.echo(json.dumps({**cell, "costs": cost.to_json() if cost else None}, indent=2))
        return
    unknown = f"  how large models are is not known yet: {found}"
    typer.echo(f"evolve {family}/{variant}, run seeds {', '.join(map(str, seeds))}; each run:\n{one.text()}")
    for role, asked in calls.items():
        typer.echo(asked.text(role))
    if replayed:
        typer.echo(f"  replays {', '.join(replayed)}: made first where they are missing")
    typer.echo(cost.text() if cost else unknown)


def _model_size(config: "Config", family: str) -> "ModelSize | str":
    """Of the family's base, from the headers of its files or, before `acdc seeds`, of the hub's; why not where it is not known.

    Raises:
        InputError: The base does not exist.
    """
    from acdc.errors import InfrastructureError
    from acdc.families.family import read_family
    from acdc.preflight.costs import ModelSize
    from acdc.preflight.family.part import read_part
    from acdc.storage.layout import Layout
    from acdc.weights.checkpoint import shapes, shards

    record, wanted = Layout().family_file(family), config.family(family)
    if record.is_file():
        base = read_family(record, wanted).base
        return ModelSize(shapes(base), sum(shard.stat().st_size for shard in shards(base)))
    if wanted.base is None:
        return f"run `acdc seeds {family}` first"
    try:
        part = read_part("base", wanted.base, wanted.revisions.get("base"))
    except InfrastructureError as error:
        return str(error)
    return ModelSize(part.shapes, part.weight_bytes) if part.tensors else part.kept_back
