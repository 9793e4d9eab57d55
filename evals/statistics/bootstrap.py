"""Bootstraps over questions: paired, clustered by benchmark, and over runs where there are several.

The statistic is always the mean over benchmarks of the mean over their questions, as averages are printed. Many methods share one
set of resamples (:class:`Resamples`): drawing takes half a second whatever is averaged, so each further method costs a matrix product,
and a paired difference is the difference of two methods' means, because both were drawn alike.

Guarantees: the same bits on every processor, whatever the order in which its matrix products add (:mod:`acdc.numbers.exact`).
"""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import TIE
from acdc.numbers.exact import on_grid
from evals.statistics.resampling import Interval, checked, percentile_interval, resampled_means

Level = Literal["runs", "benchmarks", "items"]
Values = Mapping[str, NDArray[np.float64]]
Masks = Mapping[str, NDArray[np.bool_]]
Means = NDArray[np.float64]
_ROWS = 1024  # resamples that are turned into floats at once; they stay in a cache


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


class Left(NamedTuple):
    """A mean over the questions that stay.

    Attributes:
        mean: Over benchmarks of means over runs and questions.
        low: Lower end of its interval.
        high: Upper end.
        questions: How many stay.
    """

    mean: float
    low: float
    high: float
    questions: int


class Resamples:
    """Draws of runs, benchmarks and questions with replacement; runs and questions are drawn for all methods alike.

    Args:
        questions: Number of questions of each benchmark.
        runs: Number of run seeds; a drawn run is drawn for all benchmarks.
        levels: Which levels are drawn; the others stay as they are. Without "benchmarks": what holds for these benchmarks.
        resamples: R.
        confidence: Of intervals.
        seed: Of the draws.

    Raises:
        NotEnoughDataError: There is no benchmark, no question or no run.
    """

    def __init__(
        self,
        questions: Mapping[str, int],
        runs: int,
        *,
        levels: Collection[Level] = ("runs", "benchmarks", "items"),
        resamples: int,
        confidence: float,
        seed: int,
    ) -> None:
        if not questions or not runs or not all(questions.values()):
            raise NotEnoughDataError("there is no benchmark, no run or no question to draw from")
        rng = np.random.default_rng(seed)
        self._confidence = confidence
        self._runs = _drawn(rng, runs, resamples, "runs" in levels)
        # How often each question was drawn, in all slots together.
        self._counts = {
            name: np.zeros((resamples, size), dtype=np.uint16) for name, size in questions.items()
        }
        count = len(questions)
        self._terms = runs * count * max(questions.values())
        for slot in range(count):
            drawn = rng.integers(0, count, resamples) if "benchmarks" in levels else np.full(resamples, slot)
            for index, (name, size) in enumerate(questions.items()):
                here = np.flatnonzero(drawn == index)
                self._counts[name][here] += _drawn(rng, size, len(here), "items" in levels)

    def means(self, values: Values) -> Means:
        """(R,) resampled means of a method.

        Args:
            values: For each benchmark (S, Q): run seeds in rows; one row where the method does not depend on them.
        """
        means = np.zeros(len(self._runs))
        for name, counts in self._counts.items():
            means += self._sums(name, values[name]) / counts.shape[1]
        return means / len(self._counts)

    def interval(self, mean: float, means: Means) -> Interval:
        """Percentile interval of resampled means (or of the difference of two), and the share of them ≤ 0."""
        return percentile_interval(mean, means, None, self._confidence, tie=TIE)

    def left(self, values: Values, masks: Masks) -> Left | None:
        """Mean and interval over the questions that stay; None where a benchmark has none left.

        Args:
            values: For each benchmark (S, Q): run seeds in rows, one row where there are none.
            masks: For each benchmark (Q,) which questions stay.
        """
        if not all(masks[name].any() for name in values):
            return None
        parts = [self._masked(name, array, masks[name]) for name, array in values.items()]
        means = np.mean(parts, axis=0)
        means = means[np.isfinite(means)]
        tail = (1 - self._confidence) / 2
        low, high = np.quantile(means, [tail, 1 - tail])
        mean = float(np.mean([array[:, masks[name]].mean() for name, array in values.items()]))
        return Left(mean, float(low), float(high), int(sum(masks[name].sum() for name in values)))

    def _sums(self, name: str, values: NDArray[np.float64]) -> Means:
        """(R,) sums over drawn questions, means over drawn runs; all but the last division is exact."""
        counts, columns = self._counts[name], on_grid(values, self._terms).T
        per_run = np.empty((len(counts), len(values)))
        for first in range(0, len(counts), _ROWS):
            per_run[first : first + _ROWS] = counts[first : first + _ROWS].astype(np.float64) @ columns
        if len(values) == 1:
            return per_run[:, 0]
        sums: Means = (self._runs * per_run).sum(axis=1) / self._runs.shape[1]
        return sums

    def _masked(self, name: str, values: NDArray[np.float64], mask: NDArray[np.bool_]) -> Means:
        """(R,) resampled means; nan where a resample holds none of the questions that stay."""
        drawn = self._counts[name][:, mask].astype(np.float64)
        counts = drawn.sum(axis=1)
        runs = self._runs.shape[1]
        per_run = drawn @ on_grid(values[:, mask], runs * len(mask)).T
        total = per_run[:, 0] if len(values) == 1 else (self._runs * per_run).sum(axis=1) / runs
        found: Means = np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return found


def mean_of(values: Values) -> float:
    """Mean over benchmarks of means over runs and questions."""
    return float(np.mean([array.mean() for array in values.values()]))


def _drawn(rng: np.random.Generator, size: int, resamples: int, at_random: bool) -> NDArray[np.uint16]:
    """(resamples, size) how often each unit was drawn; each once where the level is not drawn."""
    if not at_random:
        return np.ones((resamples, size), dtype=np.uint16)
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples).astype(np.uint16)
