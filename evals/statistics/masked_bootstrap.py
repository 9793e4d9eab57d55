"""Paired intervals with some questions left out: what becomes of a result without cut answers, or without leaked questions.

Run seeds and questions are resampled, benchmarks fixed, as in the intervals of coverage; of each resample the means are taken over the
questions that stay. All methods and all ways to leave questions out share the resamples, so "with" and "without" differ in nothing else.
Means have the same bits on every processor (:mod:`acdc.numbers.exact`).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acdc.errors import NotEnoughDataError
from acdc.numbers.exact import on_grid

Values = Mapping[str, NDArray[np.float64]]
Masks = Mapping[str, NDArray[np.bool_]]


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


class MaskedBootstrap:
    """Resamples of runs and questions.

    Args:
        questions: Number of questions of each benchmark.
        runs: Number of run seeds.
        resamples: R.
        confidence: Of intervals.
        seed: Of the draws.

    Raises:
        NotEnoughDataError: There is no benchmark, no question or no run.
    """

    def __init__(
        self, questions: Mapping[str, int], runs: int, *, resamples: int, confidence: float, seed: int
    ) -> None:
        if not questions or not runs or not all(questions.values()):
            raise NotEnoughDataError("there is no benchmark, no run or no question to draw from")
        rng = np.random.default_rng(seed)
        self._runs = rng.multinomial(runs, np.full(runs, 1 / runs), size=resamples)
        self._drawn = {
            name: rng.multinomial(size, np.full(size, 1 / size), size=resamples).astype(np.uint16)
            for name, size in questions.items()
        }
        self._tail = (1 - confidence) / 2

    def left(self, values: Values, masks: Masks) -> Left | None:
        """Mean and interval over the questions that stay; None where a benchmark has none left.

        Args:
            values: For each benchmark (S, Q): run seeds in rows, one row where there are none.
            masks: For each benchmark (Q,) which questions stay.
        """
        if not all(masks[name].any() for name in values):
            return None
        parts = [self._means(name, array, masks[name]) for name, array in values.items()]
        means = np.mean(parts, axis=0)
        means = means[np.isfinite(means)]
        low, high = np.quantile(means, [self._tail, 1 - self._tail])
        mean = float(np.mean([array[:, masks[name]].mean() for name, array in values.items()]))
        return Left(mean, float(low), float(high), int(sum(masks[name].sum() for name in values)))

    def _means(self, name: str, values: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(R,) resampled means; nan where a resample holds none of the questions that stay."""
        drawn = self._drawn[name][:, mask].astype(np.float64)
        counts = drawn.sum(axis=1)
        runs = self._runs.shape[1]
        per_run = drawn @ on_grid(values[:, mask], runs * len(mask)).T
        total = per_run[:, 0] if len(values) == 1 else (self._runs * per_run).sum(axis=1) / runs
        found: NDArray[np.float64] = np.divide(
            total, counts, out=np.full(len(counts), np.nan), where=counts > 0
        )
        return found
