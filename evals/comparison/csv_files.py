"""The comparison as files that other programs read: CSV tables, DVC plots, DVC metrics."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from evals.answering.evaluate_taskforce import replace_file
from evals.best_of_n.document import Share
from evals.comparison.document import Claim, Comparison, Estimate, Significance

Row = Mapping[str, Any]


def coverage_rows(comparison: Comparison) -> list[Row]:
    """One row for each method and N; its questions and runs say what the interval stands on."""
    return [
        {
            "family": comparison.family,
            "method": method.name,
            "id": method.id,
            "group": method.group,
            "n": point.n,
            **_estimate(point.coverage),
            "benchmarks": len(comparison.benchmarks),
            "questions": sum(comparison.benchmarks.values()),
            "runs": len(point.runs),
            "models": point.models,
            "parameters": point.parameters,
            "tokens_per_question": point.tokens,
            "flops_per_question": point.flops,
        }
        for method in comparison.methods
        for point in method.coverage
    ]


def benchmark_rows(comparison: Comparison) -> list[Row]:
    """One row for each method, N and benchmark."""
    return [
        {
            "family": comparison.family,
            "method": method.name,
            "id": method.id,
            "n": point.n,
            "benchmark": benchmark,
            "coverage": value,
            "questions": comparison.benchmarks[benchmark],
            "cut_off": method.cut_off.get(benchmark),
        }
        for method in comparison.methods
        for point in method.coverage
        for benchmark, value in point.benchmarks.items()
    ]


def claim_rows(comparison: Comparison) -> list[Row]:
    """One row for each claim with every test."""
    return [_claim(comparison, claim) for claim in comparison.claims]


def member_rows(comparison: Comparison) -> list[Row]:
    """One row for each member of each run's task force."""
    return [
        {"family": comparison.family, **member.model_dump(exclude={"benchmarks"}), **member.benchmarks}
        for member in comparison.members
    ]


def archive_rows(comparison: Comparison) -> list[Row]:
    """The task force against a random N of the archive."""
    return [
        {
            "family": comparison.family,
            "variant": row.variant,
            "n": row.n,
            **{f"chosen_{key}": value for key, value in _estimate(row.chosen).items()},
            **{f"expected_{key}": value for key, value in _estimate(row.expected).items()},
            **{f"gain_{key}": value for key, value in _estimate(row.gain).items()},
        }
        for row in comparison.archive
    ]


def best_of_n_rows(comparison: Comparison) -> list[Row]:
    """One row for each method, N and way to choose one final answer."""
    return [
        {
            "family": comparison.family,
            "method": comparison.method(row.method).name,
            "id": row.method,
            **row.model_dump(exclude={"method", "chosen", "efficiency", "gain", "benchmarks", "instead"}),
            "chosen": row.chosen.mean,
            "chosen_low": row.chosen.low,
            "chosen_high": row.chosen.high,
            **_share("efficiency", row.efficiency),
            **_share("gain", row.gain),
            **{f"chosen_{name}": value for name, value in row.benchmarks.items()},
        }
        for row in comparison.best_of_n.rows
    ]


class Metrics(NamedTuple):
    """What `dvc metrics` shows of a family: coverage by method and N, and claims; numbers only, n beside them."""

    questions: int
    benchmarks: int
    coverage: dict[str, dict[str, Row]]
    claims: dict[str, Row]


def metrics(comparison: Comparison) -> Metrics:
    """For `dvc metrics`: coverage of each method at the sizes of claims, and the claims; numbers only, n beside them."""
    sizes = {claim.n for claim in comparison.claims} | {claim.rival_n for claim in comparison.claims}
    methods: dict[str, dict[str, Row]] = {
        method.id: {
            f"n={point.n}": _estimate(point.coverage) | {"runs": len(point.runs)}
            for point in method.coverage
            if point.n in sizes
        }
        for method in comparison.methods
        if method.coverage
    }
    claims: dict[str, Row] = {
        f"{claim.table}: {claim.rival}, n={claim.n}": {
            "difference": claim.difference,
            "low": claim.bootstrap.low,
            "high": claim.bootstrap.high,
            "p_holm": claim.bootstrap.holm,
        }
        for claim in comparison.claims
    }
    return Metrics(sum(comparison.benchmarks.values()), len(comparison.benchmarks), methods, claims)


def generation_rows(comparison: Comparison) -> list[Row]:
    """One row for each variant, N and generation at which a task force was chosen; the whole run's has no number."""
    return [
        {
            "family": comparison.family,
            "variant": row.variant,
            "generation": row.generation,
            "n": row.n,
            **_estimate(row.coverage),
            "gain": row.gain and row.gain.mean,
            "gain_low": row.gain and row.gain.low,
            "gain_high": row.gain and row.gain.high,
            "questions": sum(comparison.benchmarks.values()),
            "runs": len(comparison.runs),
        }
        for row in comparison.generations
    ]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows, whole or not at all; columns in the order in which they first occur."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.getvalue().encode())


def _claim(comparison: Comparison, claim: Claim) -> Row:
    row = {
        "family": comparison.family,
        "table": claim.table,
        "ours": claim.ours,
        "rival": comparison.method(claim.rival).name,
        "n": claim.n,
        "rival_n": claim.rival_n,
        "difference": claim.difference,
        "low": claim.bootstrap.low,
        "high": claim.bootstrap.high,
        "p": claim.bootstrap.p,
        "p_holm": claim.bootstrap.holm,
        "verdict": claim.verdict,
        "p_sign_flip": claim.sign_flip,
        "p_sign_flip_holm": claim.sign_flip_holm,
    }
    tests = {
        "t": claim.paired_t,
        "t_runs": claim.runs_t,
        "published": claim.published,
        "published_converged": claim.published_converged,
        "published_raw": claim.published_raw,
    }
    for name, test in tests.items():
        row |= _test(name, test)
    sizes = {
        "benchmarks": len(claim.benchmarks),
        "questions": sum(comparison.benchmarks.values()),
        "runs": len(claim.runs),
    }
    return row | sizes


def _test(name: str, test: Significance | None) -> dict[str, float | None]:
    if test is None:
        return {f"{name}_{part}": None for part in ("low", "high", "p")}
    return {f"{name}_low": test.low, f"{name}_high": test.high, f"{name}_p": test.p}


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {"coverage": estimate.mean, "low": estimate.low, "high": estimate.high}


def _share(name: str, share: Share | None) -> dict[str, float | None]:
    parts = {"": "mean", "_low": "low", "_high": "high"}
    return {f"{name}{end}": None if share is None else getattr(share, part) for end, part in parts.items()}
