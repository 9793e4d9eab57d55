"""Bootstraps over questions: paired, clustered by benchmark, and over runs where there are several.

The statistic is always the mean over benchmarks of the mean difference over their questions, as averages are printed.
"""

from collections.abc import Collection, Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.exact import on_grid
from evals.statistics.resampling import CHUNK, Interval, checked, percentile_interval, resampled_means

Level = Literal["runs", "benchmarks", "items"]


def item_bootstrap(
    differences: Mapping[str, ArrayLike],
    *,
    benchmarks: Literal["resampled", "fixed"] = "resampled",
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Paired bootstrap of questions within benchmarks, clustered by benchmark.

    Args:
        differences: For each benchmark (Q,) differences per question, method − baseline: −1, 0, 1 for two right or
            wrong answers, or any finite number (expected coverages).
        benchmarks: "resampled": benchmarks are drawn too, for what would hold on other benchmarks of the kind; "fixed":
            questions alone, for these benchmarks.
        resamples: Draws.
        confidence: Of the interval.
        seed: Of the draws.

    Raises:
        InputError: A difference is not finite.
        NotEnoughDataError: There is no benchmark, or one has no question.
    """
    values = [checked(array, least=1) for array in differences.values()]
    if not values:
        raise NotEnoughDataError("there is no benchmark to draw questions from")
    rng = np.random.default_rng(seed)
    mean = float(np.mean([array.mean() for array in values]))
    sums = np.zeros(resamples)
    for slot in range(len(values)):
        drawn = np.full(resamples, slot) if benchmarks == "fixed" else rng.integers(0, len(values), resamples)
        for index, array in enumerate(values):
            here = np.flatnonzero(drawn == index)
            if len(here):
                sums[here] += resampled_means(array, len(here), rng)
    return percentile_interval(mean, sums / len(values), None, confidence)


def hierarchical_bootstrap(
    differences: Mapping[str, ArrayLike],
    *,
    resample: Collection[Level] = ("runs", "benchmarks", "items"),
    shared_questions: bool = True,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Bootstrap over runs, benchmarks and questions, each level drawn with replacement.

    Runs and benchmarks are crossed: a drawn run is drawn for all benchmarks.

    Args:
        differences: For each benchmark (R, Q) differences, runs in rows, the same runs in the same order everywhere.
        resample: Which levels are drawn; the others stay as they are.
        shared_questions: All runs answered the same questions, so a drawn question is drawn for all of them. False:
            each run has questions of its own.
        resamples: Draws.
        confidence: Of the interval.
        seed: Of the draws.

    Raises:
        InputError: Runs do not match, or a difference is not finite.
        NotEnoughDataError: There is no benchmark, run or question.
    """
    values = [np.asarray(array, dtype=np.float64) for array in differences.values()]
    if not values or any(array.size == 0 for array in values):
        raise NotEnoughDataError("there is no benchmark, no run or no question to draw from")
    if any(array.ndim != 2 or len(array) != len(values[0]) for array in values):
        raise InputError(
            f"expected (runs, questions) for each benchmark, got {[array.shape for array in values]}"
        )
    if not all(np.isfinite(array).all() for array in values):
        raise InputError("a difference is not a finite number")
    runs = len(values[0])
    rng = np.random.default_rng(seed)
    mean = float(np.mean([array.mean() for array in values]))
    run_shares = np.full((resamples, runs), 1 / runs)
    if "runs" in resample:
        run_shares = rng.multinomial(runs, run_shares[0], size=resamples) / runs
    sums = np.zeros(resamples)
    for slot in range(len(values)):
        drawn = (
            rng.integers(0, len(values), resamples) if "benchmarks" in resample else np.full(resamples, slot)
        )
        for index, array in enumerate(values):
            here = np.flatnonzero(drawn == index)
            if "items" not in resample:
                per_run = np.broadcast_to(array.mean(axis=1), (len(here), runs))
            elif shared_questions:
                per_run = _question_means(array, len(here), rng)
            else:
                per_run = np.stack([resampled_means(row, len(here), rng) for row in array], axis=1)
            sums[here] += (run_shares[here] * per_run).sum(axis=1)
    return percentile_interval(mean, sums / len(values), None, confidence)


def _question_means(
    values: NDArray[np.float64], resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """(resamples, R) means of each run over questions drawn for all runs together."""
    runs, questions = values.shape
    # Runs that answered alike on a question are one kind of column, and kinds are what has to be drawn.
    kinds, counts = np.unique(on_grid(values, questions), axis=1, return_counts=True)
    means = np.empty((resamples, runs))
    rows = max(100, CHUNK // kinds.shape[1])
    for begin in range(0, resamples, rows):
        size = min(rows, resamples - begin)
        drawn = generator.multinomial(questions, counts / questions, size=size)
        means[begin : begin + size] = drawn @ kinds.T / questions
    return means
