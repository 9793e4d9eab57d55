"""``acdc evaluate FAMILY VARIANT``: the task forces and final archives of all run seeds of a cell, on all benchmarks."""

import functools
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acdc.cli.options import PARAMS, DryRun, Family, Json, Overrides, Params, Variant, settings
from evals.cli.shared import at_work, say

if TYPE_CHECKING:
    from acdc.config.config import Config
    from evals.answering.evaluate_taskforce import Run
    from evals.answering.jobs import Workplace
    from evals.answering.workplaces import RunWeights


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
    config.evolution(family, variant)
    from acdc.storage.layout import Layout
    from evals.answering.evaluate_taskforce import evaluate as measure
    from evals.answering.evaluate_taskforce import jobs_of
    from evals.answering.workplaces import found_family, workplaces
    from evals.settings import EvaluationSettings

    layout = Layout()
    asked = config.section("evaluation", EvaluationSettings)
    found = found_family(config, layout, family)
    place = workplaces(config, layout, found, asked)[0]
    runs, weights = _runs(config, family, variant, seed or config.selected.seeds)
    jobs = jobs_of(runs, asked, lambda run, id: weights[run.seed].loader(id))
    title = f"evaluate {family}/{variant}"
    if dry_run:
        plan = _planned(place, len(runs), len(jobs))
        say(plan._asdict(), _plan_text(title, plan), as_json=as_json)
        return
    with at_work(config, place, title, len(jobs)) as work:
        place = workplaces(work.config, layout, found, asked)[0]
        summary = measure(
            runs,
            lambda run, id: weights[run.seed].loader(id),
            place,
            lambda run: layout.results(family, variant) / f"seed-{run.seed}",
            workers=work.workers,
            on_event=work.on_event,
        )
    text = f"{family}/{variant}: {summary.models} models of {len(runs)} runs, {summary.counts}"
    say({"models": summary.models, **summary.counts._asdict()}, text, as_json=as_json)


def _runs(
    config: "Config", family: str, variant: str, seeds: list[int]
) -> tuple[list["Run"], dict[int, "RunWeights"]]:
    """The runs with hashes of everybody in them, and their weights by run seed."""
    from acdc.runs.run import engine_of
    from acdc.runs.settings_hash import check_asked
    from acdc.storage.layout import Layout
    from acdc.storage.store import RunStore
    from evals.answering.evaluate_taskforce import read_run
    from evals.answering.workplaces import RunWeights, found_family

    layout = Layout()
    found = found_family(config, layout, family)
    open_engine = functools.partial(engine_of, config, found)
    weights = {seed: RunWeights(found, layout.run(family, variant, seed), open_engine) for seed in seeds}
    for seed in seeds:
        with RunStore.read(layout.run(family, variant, seed)) as store:
            check_asked(store, config, family, variant)
    runs = [
        read_run(layout.taskforce(family, variant, seed), weights[seed].hashes(), tuple(found.seeds))
        for seed in seeds
    ]
    return runs, weights


def _planned(place: "Workplace", runs: int, models: int) -> Plan:
    from evals.answering.workplaces import known_questions

    questions, uncounted = known_questions(place)
    return Plan(
        runs, models, [benchmark.name for benchmark in place.benchmarks], models * questions, uncounted
    )


def _plan_text(title: str, plan: Plan) -> str:
    from evals.answering.workplaces import not_counted

    return (
        f"{title}: {plan.models} distinct models of {plan.runs} runs on {len(plan.benchmarks)} benchmarks, "
        f"{plan.answers:,} answers (fewer where they are cached)"
        f"{not_counted(plan.not_counted)}"
    )
