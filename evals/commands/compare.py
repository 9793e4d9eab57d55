"""``acdc compare``: everything that is selected, side by side, with intervals and corrections; reads results only."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.commands.options import PARAMS, Json, Overrides, Params, settings

if TYPE_CHECKING:
    from acdc.config import Config
    from acdc.layout import Layout
    from evals.comparison import Comparison
    from evals.evidence import Evidence


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "compare", help="Compare task forces with their rivals: coverage, paired differences, corrections."
    )(compare)


def compare(
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    root: Annotated[Path, typer.Option(help="Project directory.")] = Path(),
    as_json: Json = False,
) -> None:
    """Compare."""
    config = settings(params, overrides)
    from evals import tables
    from evals.evaluation import write_json

    comparisons = [_compared(config, root, family) for family in config.selected.families]
    for comparison in comparisons:
        write_json(root / "comparison" / f"{comparison.family}.json", comparison.model_dump(mode="json"))
    for name, rows in {
        "coverage": tables.coverage_rows,
        "benchmarks": tables.benchmark_rows,
        "claims": tables.claim_rows,
        "members": tables.member_rows,
        "archive": tables.archive_rows,
        "best_of_n": tables.best_of_n_rows,
    }.items():
        tables.write_csv(root / "tables" / f"{name}.csv", [row for item in comparisons for row in rows(item)])
    plotted = [row for item in comparisons for row in tables.coverage_rows(item)]
    tables.write_csv(root / "plots" / "coverage.csv", plotted)
    claimed = [row for item in comparisons for row in tables.claim_rows(item)]
    tables.write_csv(root / "plots" / "claims.csv", claimed)
    metrics = {item.family: tables.metrics(item) for item in comparisons}
    write_json(root / "metrics.json", metrics)
    if as_json:
        typer.echo(json.dumps(metrics, indent=2))
        return
    for comparison in comparisons:
        typer.echo(_text(comparison))


def _compared(config: "Config", root: Path, family: str) -> "Comparison":
    from acdc.layout import Layout
    from evals.best_of_n.settings import settings_of as choosing_of
    from evals.best_of_n.tools import opened
    from evals.compare import compare as compared
    from evals.comparison import Guess, settings_of
    from evals.settings import EvaluationSettings
    from evals.statistics_settings import StatisticsSettings

    layout = Layout(root)
    evidence = evidence_of(config, layout, family)
    guesses = [Guess.model_validate(row) for row in evidence.guesses]
    statistics = config.section("statistics", StatisticsSettings)
    choosing = choosing_of(config)
    with opened(choosing, config.section("evaluation", EvaluationSettings), layout) as tools:
        return compared(evidence, settings_of(config), statistics, guesses, (choosing, tools))


def evidence_of(config: "Config", layout: "Layout", family: str) -> "Evidence":
    """Everything of a family that is selected, as `acdc evaluate` and `acdc baselines` left it.

    Raises:
        InputError: A stage has not run, or its results do not fit the others'.
        NotEnoughDataError: There is no run, or no question that all methods have answered.
    """
    from evals.benchmarks.registry import names
    from evals.comparison import settings_of
    from evals.evaluation import read_run
    from evals.evidence import gather
    from evals.settings import EvaluationSettings

    asked = config.section("evaluation", EvaluationSettings)
    chosen = settings_of(config)
    runs = {
        variant: [read_run(layout.taskforce(family, variant, seed)) for seed in config.selected.seeds]
        for variant in config.selected.variants
    }
    results = layout.results(family, "baselines").parent
    return gather(family, asked.benchmarks or names(asked.suite), runs, results, chosen, asked.max_n)


def _text(comparison: "Comparison") -> str:
    """The claims as lines for a person."""
    questions = sum(comparison.benchmarks.values())
    lines = [
        f"{comparison.family}: {len(comparison.benchmarks)} benchmarks, {questions} questions, "
        f"{len(comparison.runs)} run seeds; task force minus rival in points, {comparison.confidence:.0%} interval, Holm's p"
    ]
    for claim in comparison.claims:
        test, rival = claim.bootstrap, comparison.method(claim.rival).name
        lines.append(
            f"  {claim.table:8} N={claim.n}  {100 * claim.difference:+6.1f} [{100 * test.low:+6.1f}, {100 * test.high:+6.1f}]  "
            f"p {test.holm:.3f}  {claim.verdict:9}  {rival}"
        )
    return "\n".join(lines)
