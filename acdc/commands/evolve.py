"""``acdc evolve FAMILY VARIANT``: every run seed of a cell, in parallel processes, each from where it was."""

import json
from typing import Annotated, Any

import typer

from acdc.commands.options import PARAMS, DryRun, Family, Json, Overrides, Params, Variant, settings


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
        _print_plan(config, family, variant, seeds, as_json)
        return None
    from acdc.layout import Layout
    from acdc.progress import Board
    from acdc.run import evolve_run, require_models
    from acdc.store import is_finished
    from acdc.voices import require_voices
    from acdc.workers import Work, cores, run_all

    layout = Layout()
    require_models(layout, family)
    if not all(is_finished(layout.run(family, variant, s)) for s in seeds):
        for warning in require_voices(config, run_settings):
            typer.echo(f"warning: {warning}", err=True)
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


def _sentence(result: dict[str, Any]) -> str:
    last = result["statistics"]
    text = (
        f"{result['generations']} generations, {last['tasks']} tasks, archive covers {last['coverage']:.1%}"
    )
    text += f", best alone {last['best_fitness']:.1%}"
    if result["set_aside"]:
        text += f"; the old run was {result['set_aside']}"
    return text + ("" if result["worked"] else " (was finished already)")


def _print_plan(config: Any, family: str, variant: str, seeds: list[int], as_json: bool) -> None:
    from acdc.call_plan import call_plans
    from acdc.layout import Layout
    from acdc.plan import plan
    from acdc.voices import endpoints

    run_settings = config.evolution(family, variant)
    base = Layout().models(family) / "base" / "model.safetensors"
    one = plan(run_settings, base.stat().st_size if base.is_file() else 0)
    calls = call_plans(run_settings, endpoints(config, run_settings))
    if as_json:
        cell = {"family": family, "variant": variant, "seeds": seeds, "per_run": one.to_json()}
        cell |= {"calls_per_run": {role: asked.to_json() for role, asked in calls.items()}} if calls else {}
        typer.echo(json.dumps(cell, indent=2))
        return
    typer.echo(f"evolve {family}/{variant}, run seeds {', '.join(map(str, seeds))}; each run:\n{one.text()}")
    for role, asked in calls.items():
        typer.echo(asked.text(role))
