"""One set of resamples for all methods: bootstrap intervals of hundreds of rows for the price of one.

Drawing resamples costs half a second, whatever is averaged with them. So they are drawn once, as weights of questions, and
each method's resampled means are a matrix product; a paired difference is the difference of two methods' means, because
both were drawn alike. The same procedure as :func:`evals.significance.hierarchical_bootstrap`, with shared questions.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from acdc.errors import NotEnoughDataError
from evals.resampling import Interval, percentile_interval

Values = Mapping[str, NDArray[np.float64]]
Means = NDArray[np.float64]


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
        self._runs = rng.multinomial(runs, np.full(runs, 1 / runs), size=resamples) / runs
        count = len(self._names)
        self._weights = {
            name: np.zeros((resamples, size), dtype=np.float32) for name, size in questions.items()
        }
        for slot in range(count):
            drawn = (
                rng.integers(0, count, resamples) if benchmarks == "resampled" else np.full(resamples, slot)
            )
            for index, (name, size) in enumerate(questions.items()):
                here = np.flatnonzero(drawn == index)
                self._weights[name][here] += rng.multinomial(
                    size, np.full(size, 1 / size), size=len(here)
                ) / (size * count)

    def means(self, values: Values) -> Means:
        """(R,) resampled means of a method.

        Args:
            values: For each benchmark (S, Q): run seeds in rows; one row where the method does not depend on them.
        """
        per_run = sum(self._weights[name] @ values[name].T.astype(np.float32) for name in self._names)
        assert isinstance(per_run, np.ndarray)
        if per_run.shape[1] == 1:
            return per_run[:, 0].astype(np.float64)
        means: Means = (self._runs * per_run).sum(axis=1)
        return means

    def interval(self, mean: float, means: Means) -> Interval:
        """Percentile interval of resampled means (or of the difference of two), and the share of them ≤ 0."""
        return percentile_interval(mean, means, None, self._confidence)


def mean_of(values: Values) -> float:
    """Mean over benchmarks of means over runs and questions."""
    return float(np.mean([array.mean() for array in values.values()]))
