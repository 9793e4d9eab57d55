"""``acdc baselines FAMILY``: the answers of every rival, and who they are."""

import functools
from typing import TYPE_CHECKING, NamedTuple

import typer

from acdc.cli.options import PARAMS, DryRun, Family, Json, Overrides, Params, settings
from evals.cli.output import at_work, say

if TYPE_CHECKING:
    from pathlib import Path

    from acdc.config.config import Config
    from acdc.variation.settings import MutationSettings
    from evals.answering.harness import Job
    from evals.answering.jobs import EvaluationWorker, Result
    from evals.comparison.document import Guess
    from evals.rivals.methods import Method
    from evals.settings import EvaluationSettings


class Plan(NamedTuple):
    """What `--dry-run` prints: names of rows, answers at most, benchmarks of unknown size, answers of each endpoint at most."""

    methods: list[str]
    answers: int
    not_counted: list[str]
    endpoints: dict[str, int]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "baselines",
        help="Measure the rivals: experts, control, seeds sampled evenly, weight noise, big model, API models.",
    )(baselines)


def baselines(
    family: Family,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Measure the rivals."""
    config = settings(params, overrides)
    from evals.answering.evaluate_taskforce import checked
    from evals.answering.jobs import run_jobs
    from evals.settings import EvaluationSettings

    evaluation_workers, jobs, rows = _work(config, family)
    title = f"baselines {family}"
    if dry_run:
        plan = _plan(config, evaluation_workers, jobs, rows)
        say(plan._asdict(), _plan_text(title, plan), as_json=as_json)
        return
    with at_work(config, evaluation_workers[0], title, len(jobs)) as work:
        evaluation_workers, jobs, rows = _work(work.config, family)
        results = run_jobs(evaluation_workers, jobs, workers=work.workers, on_event=work.on_event)
    answered = _ask_endpoints(config, family, evaluation_workers[0])
    results += answered
    summary = checked(results, config.section("evaluation", EvaluationSettings).max_missing)
    _write(config, family, evaluation_workers, rows, results, answered)
    lines = [f"{family}: {len(rows)} rivals, {summary}"]
    lines += [f"  {row.name}: not run, {row.not_run}" for row in rows if row.not_run]
    say({"methods": len(rows), **summary._asdict()}, "\n".join(lines), as_json=as_json)


def _plan(
    config: "Config",
    evaluation_workers: list["EvaluationWorker"],
    jobs: list[tuple[int, "Job"]],
    rows: list["Method"],
) -> Plan:
    from evals.answering.evaluation_workers import known_questions

    questions, uncounted = known_questions(evaluation_workers[0])
    answers = sum(job.draws for _, job in jobs) * questions
    return Plan([row.name for row in rows], answers, uncounted, _endpoint_answers(config, questions))


def _plan_text(title: str, plan: Plan) -> str:
    from evals.answering.evaluation_workers import not_counted

    calls = "".join(f"; {count:,} calls to {name}" for name, count in plan.endpoints.items())
    return (
        f"{title}: {len(plan.methods)} rows, {plan.answers:,} answers (fewer where they are cached)"
        f"{calls}{not_counted(plan.not_counted)}"
    )


def _work(
    config: "Config", family: str
) -> tuple[list["EvaluationWorker"], list[tuple[int, "Job"]], list["Method"]]:
    """Where answers are made, which are asked for, and the rows of the table that they serve."""
    from acdc.storage.layout import Layout
    from evals.answering.evaluation_workers import big_loader, make_workers, prepared_family, seed_loader
    from evals.rivals import baselines as rivals
    from evals.settings import BaselineSettings, EvaluationSettings

    asked = config.section("evaluation", EvaluationSettings)
    chosen = config.section("baselines", BaselineSettings)
    found = prepared_family(config, Layout(), family)
    seeds = list(found.seeds)
    experts = rivals.expert_sets(found.experts, seeds, chosen.general)
    rows = rivals.methods(chosen, experts, seeds, asked.max_n, big=found.big is not None)
    general = seed_loader(found, chosen.general)
    jobs = rivals.jobs(
        chosen,
        rows,
        functools.partial(seed_loader, found),
        functools.partial(
            functools.partial, rivals.noisy_copy, general, _mutation(config, family), asked.seed
        ),
        big_loader(found),
    )
    return make_workers(config, Layout(), found, asked), jobs, rows


def _write(
    config: "Config",
    family: str,
    evaluation_workers: list["EvaluationWorker"],
    rows: list["Method"],
    results: list["Result"],
    answered: list["Result"],
) -> None:
    from acdc.storage.layout import Layout
    from evals.answering.evaluate_taskforce import write, write_json
    from evals.answering.evaluation_workers import prepared_family
    from evals.rivals import api_baseline
    from evals.rivals.baselines import parameters
    from evals.settings import BaselineSettings, EvaluationSettings

    found = prepared_family(config, Layout(), family)
    directory = Layout().results(family, "baselines")
    write(directory, results)
    sizes = {"base": parameters(found.base)} | ({"big": parameters(found.big)} if found.big else {})
    asked = config.section("evaluation", EvaluationSettings)
    generated = [each.name for each in evaluation_workers[0].benchmarks if each.generated]
    document: dict[str, object] = {
        "methods": [row.model_dump(mode="json") for row in rows],
        "parameters": sizes,
        "guesses": [guess.model_dump() for guess in _guesses(asked, generated)],
    }
    if answered:
        given = config.section("baselines", BaselineSettings).api
        spent = api_baseline.record(given, answered, _ledger())
        document["api"] = {name: one._asdict() for name, one in spent.items()}
    write_json(directory / "baselines.json", document)


def _ask_endpoints(config: "Config", family: str, evaluation_worker: "EvaluationWorker") -> list["Result"]:
    """The answers of models behind endpoints, where there are any that can be asked."""
    from acdc.processes.progress import Board
    from evals.rivals import api_baseline
    from evals.settings import BaselineSettings

    given = config.section("baselines", BaselineSettings).api
    names = list(api_baseline.jobs(given))
    if not names:
        return []
    with Board(f"baselines {family}", names) as board:
        return api_baseline.ask(given, evaluation_worker, _ledger(), board.update)


def _endpoint_answers(config: "Config", questions: int) -> dict[str, int]:
    """How many answers each endpoint is asked for at most."""
    from evals.rivals import api_baseline
    from evals.settings import BaselineSettings

    wanted = api_baseline.jobs(config.section("baselines", BaselineSettings).api)
    return {name: questions * sum(job.draws for job in jobs) for name, jobs in wanted.items()}


def _ledger() -> "Path":
    from acdc.storage.layout import Layout

    return Layout().cache() / "api.sqlite"


def _mutation(config: "Config", family: str) -> "MutationSettings":
    """How the family's children are mutated, by the variant that the comparison is about."""
    from evals.settings import ComparisonSettings, comparison_settings

    ours: ComparisonSettings = comparison_settings(config)
    variant = ours.ours if ours.ours in config.variants else next(iter(config.variants))
    return config.evolution(family, variant).mutation


def _guesses(asked: "EvaluationSettings", benchmarks: list[str]) -> list["Guess"]:
    from evals.benchmarks.registry import guess_rates
    from evals.comparison.document import Guess

    rates = {
        name: guess_rates(asked.suite, name, seed=asked.seed, questions=asked.questions)
        for name in benchmarks
    }
    return [Guess(benchmark=name, **found) for name, found in rates.items() if found is not None]
