"""``acdc compare``: everything that is selected, side by side, with intervals and corrections; reads results only.

With names of variants: these alone, each with each, whether they are selected or not. Nothing is written.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, settings
from acdc.errors import InputError
from acdc.numbers.digits import fixed, in_percent

if TYPE_CHECKING:
    from acdc.config.config import Config
    from evals.comparison.document import Comparison


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "compare", help="Compare task forces with their rivals: coverage, paired differences, corrections."
    )(compare)


def compare(
    variants: Annotated[
        list[str],
        typer.Argument(help="Variants to set side by side; none: the stage, with all that is selected."),
    ] = [],  # noqa: B006
    family: Annotated[
        str | None, typer.Option(help="With variants: whose; default: the first that is selected.")
    ] = None,
    n: Annotated[
        list[int],
        typer.Option("--n", help="With variants: sizes of task forces; default: comparison.claim_sizes."),
    ] = [],  # noqa: B006
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    root: Annotated[Path, typer.Option(help="Project directory.")] = Path(),
    as_json: Json = False,
) -> None:
    """Compare."""
    config = settings(params, overrides)
    if variants:
        _side_by_side(config, root, family or config.selected.families[0], variants, n, as_json)
        return
    if family or n:
        raise InputError("--family and --n go with names of variants: acdc compare VARIANT VARIANT ...")
    from evals.answering.evaluate_taskforce import write_json
    from evals.comparison import csv_files as tables

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
    if generations := [row for item in comparisons for row in tables.generation_rows(item)]:
        tables.write_csv(root / "tables" / "generations.csv", generations)
    plotted = [row for item in comparisons for row in tables.coverage_rows(item)]
    tables.write_csv(root / "plots" / "coverage.csv", plotted)
    claimed = [row for item in comparisons for row in tables.claim_rows(item)]
    tables.write_csv(root / "plots" / "claims.csv", claimed)
    metrics = {item.family: tables.metrics(item)._asdict() for item in comparisons}
    write_json(root / "metrics.json", metrics)
    if as_json:
        typer.echo(json.dumps(metrics, indent=2))
        return
    for comparison in comparisons:
        typer.echo(_text(comparison))


def _compared(config: "Config", root: Path, family: str) -> "Comparison":
    from acdc.storage.layout import Layout
    from evals.best_of_n.settings import settings_of as best_of_n_of
    from evals.comparison.build import compare as compared
    from evals.comparison.document import Guess
    from evals.comparison.evidence import evidence_of
    from evals.comparison.tools import opened
    from evals.settings import EvaluationSettings, StatisticsSettings, comparison_settings

    layout = Layout(root)
    evidence = evidence_of(config, layout, config.run_specs(family))
    guesses = [Guess.model_validate(row) for row in evidence.guesses]
    statistics = config.section("statistics", StatisticsSettings)
    best_of_n = best_of_n_of(config)
    with opened(best_of_n, config.section("evaluation", EvaluationSettings), layout) as tools:
        return compared(evidence, comparison_settings(config), statistics, guesses, (best_of_n, tools))


def _side_by_side(
    config: "Config", root: Path, family: str, variants: list[str], sizes: list[int], as_json: bool
) -> None:
    from acdc.parsing.validation import nearest
    from acdc.runs.current import require_current
    from acdc.storage.layout import Layout
    from evals.answering.evaluate_taskforce import read_run
    from evals.benchmarks.registry import chosen
    from evals.comparison.side_by_side import compared, text
    from evals.settings import EvaluationSettings, StatisticsSettings, comparison_settings

    config.family(family)
    for variant in variants:
        if variant not in config.variants:
            raise InputError(f"{variant}: no such variant; {nearest(variant, config.variants)}")
    if len(set(variants)) != len(variants) or len(variants) < 2:
        raise InputError("name two variants or more, each once")
    layout, asked = Layout(root), config.section("evaluation", EvaluationSettings)
    require_current(config, layout, config.run_specs(family, variants))
    runs = {
        variant: [read_run(layout.taskforce(family, variant, seed)) for seed in config.selected.seeds]
        for variant in variants
    }
    found = compared(
        family,
        list(chosen(asked.suite, asked.benchmarks)),
        runs,
        layout.results(family, variants[0]).parent,
        sizes or list(comparison_settings(config).claim_sizes),
        config.section("statistics", StatisticsSettings),
    )
    typer.echo(json.dumps(found.model_dump(mode="json"), indent=2) if as_json else text(found))


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
            f"  {claim.table:8} N={claim.n}  {in_percent(claim.difference, plus=True):>6} "
            f"[{in_percent(test.low, plus=True):>6}, {in_percent(test.high, plus=True):>6}]  "
            f"p {fixed(test.holm or 0.0, 3)}  {claim.verdict:9}  {rival}"
        )
    for row in comparison.generations:
        gain = (
            f"  {in_percent(row.gain.mean, plus=True):>6} [{in_percent(row.gain.low, plus=True):>6}, {in_percent(row.gain.high, plus=True):>6}]"
            if row.gain
            else ""
        )
        at = "the whole run" if row.generation is None else f"generation {row.generation}"
        lines.append(
            f"  {row.variant:12} N={row.n}  {at:14} {in_percent(row.coverage.mean):>5} "
            f"[{in_percent(row.coverage.low)}, {in_percent(row.coverage.high)}]{gain}"
        )
    return "\n".join(lines)
