"""``acdc evaluate FAMILY VARIANT``: the task forces and final archives of all run seeds of a cell, on all benchmarks."""

import functools
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acdc.cli.options import PARAMS, DryRun, Family, Json, Overrides, Params, Variant, settings
from evals.cli.output import at_work, say

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec
    from acdc.families.family import Family as FoundFamily
    from evals.answering.evaluate_taskforce import Run
    from evals.answering.evaluation_workers import RunWeights
    from evals.answering.jobs import EvaluationWorker


class Plan(NamedTuple):
    """What `--dry-run` prints: runs, distinct models, names of benchmarks, answers at most, benchmarks of unknown size."""

    runs: int
    models: int
    benchmarks: list[str]
    answers: int
    not_counted: list[str]


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
    from acdc.storage.layout import Layout
    from evals.answering.evaluate_taskforce import evaluate as measure
    from evals.answering.evaluate_taskforce import jobs_of
    from evals.answering.evaluation_workers import make_workers, prepared_family
    from evals.settings import EvaluationSettings

    layout = Layout()
    asked = config.section("evaluation", EvaluationSettings)
    found = prepared_family(config, layout, family)
    evaluation_worker = make_workers(config, layout, found, asked)[0]
    runs, weights = _runs(config, found, specs)
    jobs = jobs_of(runs, asked, lambda run, id: weights[run.seed].loader(id))
    title = f"evaluate {family}/{variant}"
    if dry_run:
        plan = _planned(evaluation_worker, len(runs), len(jobs))
        say(plan._asdict(), _plan_text(title, plan), as_json=as_json)
        return
    with at_work(config, evaluation_worker, title, len(jobs)) as work:
        evaluation_worker = make_workers(work.config, layout, found, asked)[0]
        summary = measure(
            runs,
            lambda run, id: weights[run.seed].loader(id),
            evaluation_worker,
            lambda run: layout.results(family, variant) / f"seed-{run.seed}",
            workers=work.workers,
            on_event=work.on_event,
        )
    text = f"{family}/{variant}: {summary.models} models of {len(runs)} runs, {summary.counts}"
    say({"models": summary.models, **summary.counts._asdict()}, text, as_json=as_json)


def _runs(
    config: "Config", family: "FoundFamily", specs: "list[RunSpec]"
) -> tuple[list["Run"], dict[int, "RunWeights"]]:
    """The runs with hashes of all their individuals, and their weights by run seed."""
    from acdc.runs.assembly import engine_of
    from acdc.runs.current import check_asked
    from acdc.storage.layout import Layout
    from acdc.storage.store import RunStore
    from evals.answering.evaluate_taskforce import read_run
    from evals.answering.evaluation_workers import RunWeights

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


def _planned(evaluation_worker: "EvaluationWorker", runs: int, models: int) -> Plan:
    from evals.answering.evaluation_workers import known_questions

    questions, uncounted = known_questions(evaluation_worker)
    return Plan(
        runs,
        models,
        [benchmark.name for benchmark in evaluation_worker.benchmarks],
        models * questions,
        uncounted,
    )


def _plan_text(title: str, plan: Plan) -> str:
    from evals.answering.evaluation_workers import not_counted

    return (
        f"{title}: {plan.models} distinct models of {plan.runs} runs on {len(plan.benchmarks)} benchmarks, "
        f"{plan.answers:,} answers (fewer where they are cached)"
        f"{not_counted(plan.not_counted)}"
    )
