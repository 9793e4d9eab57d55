"""What sample logs say: coverage@N with intervals, who adds what, one final answer by majority, the paired comparison.

Averages are means over benchmarks. "these": coverage of the first N models in the order given; "any": the expectation
over all choices of N of them, which does not depend on the order. Of many answers not every N has a row. No text of a
question or an answer is in a report.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acdc.errors import InputError, NotEnoughDataError
from evals.best_of_n.efficiency import selection_efficiency
from evals.best_of_n.equivalence import compared_by
from evals.best_of_n.majority import leaders
from evals.correctness import aligned
from evals.coverage import contributions, pass_at_k
from evals.logs.read import TaskLog, Told, untold
from evals.settings import StatisticsSettings
from evals.significance import mcnemar, sign_flip
from evals.statistics.bootstrap import item_bootstrap

EVERY_N = 16  # up to so many answers each N has a row
Report = dict[str, Any]
Shares = NDArray[np.float64]
Bools = NDArray[np.bool_]


def log_report(
    samples: Mapping[str, TaskLog],
    baseline: Mapping[str, TaskLog] | None,
    settings: StatisticsSettings,
    told: Told = untold,
) -> Report:
    """The whole report; what `acdc coverage --json` prints.

    Args:
        samples: For each benchmark the logs of those who are measured.
        baseline: The same of those they are compared with, or None.
        settings: Resamples, confidence, seed.
        told: Hears of progress.

    Raises:
        InputError: The baseline answered other benchmarks or other questions, or two sets share nothing complete.
    """
    keep = {
        name: _complete(log, None if baseline is None else baseline.get(name))
        for name, log in samples.items()
    }
    for name, kept in keep.items():
        if not kept.any():
            raise InputError(f"{name}: no question was answered by all models")
    right = {name: log.matrix.correct[:, keep[name]] for name, log in samples.items()}
    first = next(iter(samples.values()))
    report: Report = {
        "models": [_name(log_answerer) for log_answerer in first.matrix.answerers],
        "benchmarks": {
            name: _benchmark(log, right[name], keep[name], settings) for name, log in samples.items()
        },
        "coverage": _coverages(right, settings, told),
        "contributions": _contributions(first, right),
        "best_of_n": _best_of_n(samples, right, keep, settings, told),
        "cut_off": _cut(samples, keep),
        "confidence": settings.confidence,
        "answers_compared_by": compared_by(),
    }
    if baseline is not None:
        report["comparison"] = _comparison(samples, baseline, right, keep, settings, told)
    return report


def rows_for(count: int) -> list[int]:
    """The N that have a row: all of a few answers; of more than 16 only 1, 2, 3, 5, 8, 16, 32, 64, … and all of them."""
    if count <= EVERY_N:
        return list(range(1, count + 1))
    doubled = (EVERY_N << power for power in range(count.bit_length()))
    return [1, 2, 3, 5, 8, *(n for n in doubled if n < count), count]


def _complete(log: TaskLog, baseline: TaskLog | None) -> Bools:
    keep: Bools = np.logical_not(log.matrix.missing.any(axis=0))
    if baseline is not None:
        keep = keep & np.logical_not(aligned(baseline.matrix, log.matrix).missing.any(axis=0))
    return keep


def _name(answerer: Any) -> str:
    return f"{answerer.model}#{answerer.draw + 1}" if answerer.draw else str(answerer.model)


def _benchmark(log: TaskLog, right: Bools, keep: Bools, settings: StatisticsSettings) -> Report:
    from scipy.stats import binomtest

    covered = int(right.any(axis=0).sum())
    interval = binomtest(covered, right.shape[1]).proportion_ci(settings.confidence, method="wilson")
    return {
        "questions": right.shape[1],
        "dropped": int((~keep).sum()),
        "filter": log.filter,
        "metric": log.metric,
        "also_there": list(log.others),
        "same_prompts": log.same_prompts,
        "coverage": covered / right.shape[1],
        "low": float(interval.low),
        "high": float(interval.high),
        "alone": right.mean(axis=1).tolist(),
        "answers_cut_off": float(log.matrix.cut.mean()) if log.cut_known else None,
    }


def _coverages(right: Mapping[str, Bools], settings: StatisticsSettings, told: Told) -> list[Report]:
    rows = []
    sizes = rows_for(len(next(iter(right.values()))))
    for number, n in enumerate(sizes, 1):
        rows.append(_coverage(right, n, settings))
        told("rows of coverage@N", number, len(sizes))
    return rows


def _coverage(right: Mapping[str, Bools], n: int, settings: StatisticsSettings) -> Report:
    these: dict[str, Bools] = {name: np.asarray(matrix[:n].any(axis=0)) for name, matrix in right.items()}
    drawn = {name: _hits(matrix, n) for name, matrix in right.items()}
    return {"n": n, "these": _mean(these, settings), "any": _mean(drawn, settings)}


def _hits(matrix: Bools, n: int) -> Shares:
    """(Q,) chance that one of n of the answerers, drawn without replacement, is right."""
    count = len(matrix)
    table = np.array([pass_at_k(count, solvers, n) for solvers in range(count + 1)])
    chances: Shares = table[matrix.sum(axis=0)]
    return chances


def _mean(values: Mapping[str, NDArray[Any]], settings: StatisticsSettings) -> Report:
    interval = item_bootstrap(
        values,
        benchmarks="fixed",
        resamples=settings.resamples,
        confidence=settings.confidence,
        seed=settings.seed,
    )
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def _contributions(first: TaskLog, right: Mapping[str, Bools]) -> list[Report]:
    parts = {name: contributions(matrix) for name, matrix in right.items()}
    return [
        {
            "model": _name(answerer),
            "alone": float(np.mean([matrix[row].mean() for matrix in right.values()])),
            "unique": int(sum(part.unique[row] for part in parts.values())),
            "shapley": float(np.mean([part.shapley[row] for part in parts.values()])),
            "without": float(np.mean([part.leave_one_out[row] for part in parts.values()])),
        }
        for row, answerer in enumerate(first.matrix.answerers)
    ]


def _best_of_n(
    samples: Mapping[str, TaskLog],
    right: Mapping[str, Bools],
    keep: Mapping[str, Bools],
    settings: StatisticsSettings,
    told: Told,
) -> Report:
    """Majority over all N; a tie between groups counts as its expectation, so nothing is drawn."""
    chosen = {name: _majority(name, log, right[name], keep[name], told) for name, log in samples.items()}
    random = {name: matrix.mean(axis=0) for name, matrix in right.items()}
    covered = {name: matrix.any(axis=0) for name, matrix in right.items()}
    report: Report = {"majority": _mean(chosen, settings), "random": _mean(random, settings)}
    try:
        efficiency = selection_efficiency(
            *(np.concatenate([*part.values()]) for part in (chosen, random, covered)),
            resamples=settings.resamples,
            confidence=settings.confidence,
            seed=settings.seed,
        )
        report["efficiency"] = efficiency._asdict()
    except NotEnoughDataError:
        report["efficiency"] = None
    return report


def _majority(name: str, log: TaskLog, right: Bools, keep: Bools, told: Told) -> Shares:
    columns = np.flatnonzero(keep)
    chances = np.empty(len(columns))
    for place, column in enumerate(columns):
        tied = leaders([row[column] for row in log.answers])
        chances[place] = np.mean([right[members[0], place] for members in tied])
        told(f"majority on {name}", place + 1, len(columns))
    return chances


def _cut(samples: Mapping[str, TaskLog], keep: Mapping[str, Bools]) -> Report | None:
    """Coverage with the questions left out on which an answer was cut off; None where the logs do not say."""
    if not all(log.cut_known for log in samples.values()):
        return None
    whole = {name: keep[name] & ~log.matrix.cut.any(axis=0) for name, log in samples.items()}
    left = [
        log.matrix.correct[:, whole[name]].any(axis=0).mean()
        for name, log in samples.items()
        if whole[name].any()
    ]
    return {
        "answers": float(np.mean([log.matrix.cut.mean() for log in samples.values()])),
        "questions_without": int(sum(kept.sum() for kept in whole.values())),
        "coverage_without": float(np.mean(left)) if len(left) == len(samples) else None,
    }


def _comparison(
    samples: Mapping[str, TaskLog],
    baseline: Mapping[str, TaskLog],
    right: Mapping[str, Bools],
    keep: Mapping[str, Bools],
    settings: StatisticsSettings,
    told: Told,
) -> Report:
    if samples.keys() != baseline.keys():
        odd = sorted(samples.keys() ^ baseline.keys())
        raise InputError(
            f"only one side has logs of {', '.join(odd)}; leave them out by naming the others with --task"
        )
    theirs = {}
    for name, log in baseline.items():
        mine = samples[name]
        if (log.filter, log.metric) != (mine.filter, mine.metric):
            raise InputError(
                f"{name}: {mine.filter}/{mine.metric} cannot be compared with {log.filter}/{log.metric}; "
                "name both with --filter and --metric"
            )
        theirs[name] = aligned(log.matrix, mine.matrix).correct[:, keep[name]]
    ours_count, their_count = (len(next(iter(side.values()))) for side in (right, theirs))
    rows = []
    sizes = rows_for(min(ours_count, their_count))
    for number, n in enumerate(sizes, 1):
        rows.append(_paired(right, theirs, n, settings))
        told("rows of the comparison", number, len(sizes))
    report: Report = {
        "baseline": [_name(answerer) for answerer in next(iter(baseline.values())).matrix.answerers],
        "same_n": rows,
        "everybody": _compared(right, theirs, settings),
    }
    if ours_count != their_count:
        report["note"] = (
            f"{ours_count} against {their_count} answers a question: only the rows at the same N are fair"
        )
    return report


def _paired(
    ours: Mapping[str, Bools],
    theirs: Mapping[str, Bools],
    n: int,
    settings: StatisticsSettings,
) -> Report:
    return {"n": n} | _difference(
        {name: _hits(matrix, n) - _hits(theirs[name], n) for name, matrix in ours.items()}, settings
    )


def _compared(
    ours: Mapping[str, Bools],
    theirs: Mapping[str, Bools],
    settings: StatisticsSettings,
) -> Report:
    covered = [{name: matrix.any(axis=0) for name, matrix in side.items()} for side in (ours, theirs)]
    differences = {name: covered[0][name].astype(float) - covered[1][name] for name in ours}
    pooled: Sequence[Bools] = [np.concatenate([*side.values()]) for side in covered]
    return _difference(differences, settings) | {"mcnemar": mcnemar(*pooled)}


def _difference(differences: Mapping[str, Shares], settings: StatisticsSettings) -> Report:
    """The mean difference for these benchmarks, and for benchmarks of the kind where there are several."""
    report = {"difference": _mean(differences, settings)}
    if len(differences) > 1:
        wider = item_bootstrap(
            differences, resamples=settings.resamples, confidence=settings.confidence, seed=settings.seed
        )
        means = [float(values.mean()) for values in differences.values()]
        report["other_benchmarks"] = {"low": wider.low, "high": wider.high}
        report["sign_flip"] = {"p_two_sided": sign_flip(means, alternative="two-sided")}
    return report
