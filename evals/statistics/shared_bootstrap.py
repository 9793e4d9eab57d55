"""One set of resamples for all methods: bootstrap intervals of hundreds of rows for the price of one.

Drawing resamples costs half a second, whatever is averaged with them. So they are drawn once, as weights of questions, and
each method's resampled means are a matrix product; a paired difference is the difference of two methods' means, because
both were drawn alike. The same procedure as :func:`evals.significance.hierarchical_bootstrap`, with shared questions.

Guarantees: the same bits on every processor, whatever the order in which its matrix products add (:mod:`acdc.numbers.exact`).
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import TIE
from acdc.numbers.exact import on_grid
from evals.statistics.resampling import Interval, percentile_interval

Values = Mapping[str, NDArray[np.float64]]
Means = NDArray[np.float64]
_ROWS = 1024  # resamples that are turned into floats at once; they stay in a cache


class SharedBootstrap:
    """Resamples of runs, benchmarks and questions.

    Args:
        questions: Number of questions of each benchmark.
        runs: Number of run seeds.
        benchmarks: "resampled": drawn with replacement too; "fixed": these.
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
        benchmarks: Literal["resampled", "fixed"],
        resamples: int,
        confidence: float,
        seed: int,
    ) -> None:
        if not questions or not runs or not all(questions.values()):
            raise NotEnoughDataError("there is no benchmark, no run or no question to draw from")
        rng = np.random.default_rng(seed)
        self._names: Sequence[str] = list(questions)
        self._confidence = confidence
        self._runs = rng.multinomial(runs, np.full(runs, 1 / runs), size=resamples)
        count = len(self._names)
        # How often each question was drawn, in all slots together.
        self._counts = {
            name: np.zeros((resamples, size), dtype=np.uint16) for name, size in questions.items()
        }
        self._terms = runs * count * max(questions.values())
        for slot in range(count):
            drawn = (
                rng.integers(0, count, resamples) if benchmarks == "resampled" else np.full(resamples, slot)
            )
            for index, (name, size) in enumerate(questions.items()):
                here = np.flatnonzero(drawn == index)
                drawn_here = rng.multinomial(size, np.full(size, 1 / size), size=len(here))
                self._counts[name][here] += drawn_here.astype(np.uint16)

    def means(self, values: Values) -> Means:
        """(R,) resampled means of a method.

        Args:
            values: For each benchmark (S, Q): run seeds in rows; one row where the method does not depend on them.
        """
        means = np.zeros(len(self._runs))
        for name in self._names:
            means += self._sums(name, values[name]) / self._counts[name].shape[1]
        return means / len(self._names)

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

    def interval(self, mean: float, means: Means) -> Interval:
        """Percentile interval of resampled means (or of the difference of two), and the share of them ≤ 0."""
        return percentile_interval(mean, means, None, self._confidence, tie=TIE)


def mean_of(values: Values) -> float:
    """Mean over benchmarks of means over runs and questions."""
    return float(np.mean([array.mean() for array in values.values()]))
