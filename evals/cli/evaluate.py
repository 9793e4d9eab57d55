"""``acdc evaluate FAMILY VARIANT``: the task forces and final archives of all run seeds of a cell, on all benchmarks."""

import functools
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acdc.cli.options import PARAMS, DryRun, Family, Json, Overrides, Params, Variant, settings
from acdc.numbers.digits import in_percent

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec
    from acdc.families.family import Family as FoundFamily
    from evals.answering.evaluate_taskforce import Run
    from evals.answering.workplaces import RunWeights


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "evaluate", help="Measure the task forces of a variant on benchmarks that evolution never saw."
    )(evaluate)


def evaluate(
    family: Family,
    variant: Variant,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    seed: Annotated[list[int], typer.Option("--seed", help="Only these run seeds.")] = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Evaluate."""
    config = settings(params, overrides)
    specs = [config.run_spec(family, variant, number) for number in seed or config.selected.seeds]
    from acdc.executors import hosted
    from acdc.processes.pool import cores
    from acdc.storage.layout import Layout
    from evals.answering.answer_cache import set_aside_if_damaged
    from evals.answering.evaluate_taskforce import evaluate as measure
    from evals.answering.evaluate_taskforce import jobs_of
    from evals.answering.judged_answers import require_served_judge
    from evals.answering.workplaces import found_family, known_questions, workplaces
    from evals.cli.progress import watched
    from evals.settings import EvaluationSettings

    layout = Layout()
    asked = config.section("evaluation", EvaluationSettings)
    found = found_family(config, layout, family)
    place = workplaces(config, layout, found, asked)[0]
    runs, weights = _runs(config, found, specs)
    jobs = jobs_of(runs, asked, lambda run, id: weights[run.seed].loader(id))
    if dry_run:
        questions, uncounted = known_questions(place)
        plan = {
            "runs": len(runs),
            "models": len(jobs),
            "benchmarks": [benchmark.name for benchmark in place.benchmarks],
            "answers": len(jobs) * questions,
            "not_counted": uncounted,
        }
        typer.echo(json.dumps(plan, indent=2) if as_json else _plan(f"evaluate {family}/{variant}", plan))
        return
    require_served_judge(place.judge)
    set_aside_if_damaged(place.cache, lambda line: typer.echo(line, err=True))
    with hosted(config, lambda line: typer.echo(line, err=True)) as here:
        workers = here.executor.workers or cores()
        place = workplaces(here, layout, found, asked)[0]
        with watched(f"evaluate {family}/{variant}", min(workers, len(jobs))) as on_event:
            summary = measure(
                runs,
                lambda run, id: weights[run.seed].loader(id),
                place,
                lambda run: layout.results(family, variant) / f"seed-{run.seed}",
                workers=workers,
                on_event=on_event,
            )
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    typer.echo(
        f"{family}/{variant}: {summary['models']} models of {len(runs)} runs, {summary['answers']:,} answers, "
        f"{summary['missing']} missing, {in_percent(summary['cut_off'])}% cut off by the token budget"
    )


def _runs(
    config: "Config", family: "FoundFamily", specs: "list[RunSpec]"
) -> tuple[list["Run"], dict[int, "RunWeights"]]:
    """The runs with hashes of everybody in them, and their weights by run seed."""
    from acdc.runs.assembly import engine_of
    from acdc.runs.current import check_asked
    from acdc.storage.layout import Layout
    from acdc.storage.store import RunStore
    from evals.answering.evaluate_taskforce import read_run
    from evals.answering.workplaces import RunWeights

    layout = Layout()
    open_engine = functools.partial(engine_of, config, family)
    weights = {spec.key.seed: RunWeights(family, layout.run(*spec.key), open_engine) for spec in specs}
    for spec in specs:
        with RunStore.read(layout.run(*spec.key)) as store:
            check_asked(store, config, spec)
    runs = [
        read_run(layout.taskforce(*spec.key), weights[spec.key.seed].hashes(), tuple(family.seeds))
        for spec in specs
    ]
    return runs, weights


def _plan(title: str, plan: dict[str, Any]) -> str:
    from evals.answering.workplaces import not_counted

    return (
        f"{title}: {plan['models']} distinct models of {plan['runs']} runs on {len(plan['benchmarks'])} benchmarks, "
        f"{plan['answers']:,} answers (fewer where they are cached)"
        f"{not_counted(plan['not_counted'])}"
    )
