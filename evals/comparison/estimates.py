"""Chances of every method at every N, and the resampled means that all intervals come from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.comparison.document import Estimate
from evals.comparison.evidence import Chances, Evidence
from evals.settings import StatisticsSettings
from evals.statistics.bootstrap import Means, Resamples, mean_of
from evals.statistics.resampling import Interval

Key = tuple[str, int]


@dataclass(frozen=True)
class Estimates:
    """What is known of every method at every N.

    Attributes:
        evidence: What was measured.
        statistics: How intervals are made.
        chances: For (method's id, N) the chance that each question is solved.
        fixed: Resamples of run seeds and questions.
        drawn: Resamples of run seeds, benchmarks and questions.
        fixed_means: Each method's means in `fixed`.
        drawn_means: Each method's means in `drawn`.
    """

    evidence: Evidence
    statistics: StatisticsSettings
    chances: Mapping[Key, Chances]
    fixed: Resamples
    drawn: Resamples
    fixed_means: Mapping[Key, Means]
    drawn_means: Mapping[Key, Means]

    def estimate(self, key: Key) -> Estimate:
        """Coverage with its interval for these benchmarks."""
        return _estimate(self.fixed.interval(mean_of(self.chances[key]), self.fixed_means[key]))

    def gain(self, ours: Key, rival: Key) -> Estimate:
        """Paired difference of coverage with its interval for these benchmarks."""
        means = self.fixed_means[ours] - self.fixed_means[rival]
        return _estimate(self.fixed.interval(mean_of(self.difference(ours, rival)), means))

    def difference(self, ours: Key, rival: Key) -> Chances:
        """Paired differences for each benchmark, (S, Q)."""
        return {name: values - self.chances[rival][name] for name, values in self.chances[ours].items()}


def measure(evidence: Evidence, statistics: StatisticsSettings) -> Estimates:
    """Measure every method at every N.

    Args:
        evidence: Of :func:`evals.comparison.evidence.gather`.
        statistics: Resamples, confidence and seed.
    """
    chances = {(entry.id, n): evidence.chances(entry, n) for entry in evidence.entries for n in entry.sizes()}
    questions = {name: int(keep.sum()) for name, keep in evidence.keep.items()}

    def bootstrap(fixed: bool) -> Resamples:
        return Resamples(
            questions,
            len(evidence.seeds),
            levels=("runs", "items") if fixed else ("runs", "benchmarks", "items"),
            resamples=statistics.resamples,
            confidence=statistics.confidence,
            seed=statistics.seed,
        )

    fixed, drawn = bootstrap(True), bootstrap(False)
    return Estimates(
        evidence,
        statistics,
        chances,
        fixed,
        drawn,
        {key: fixed.means(values) for key, values in chances.items()},
        {key: drawn.means(values) for key, values in chances.items()},
    )


def by_run(values: Chances) -> list[float]:
    """Mean over benchmarks for each run seed."""
    means: NDArray[np.float64] = np.mean([array.mean(axis=1) for array in values.values()], axis=0)
    return [float(mean) for mean in means]


def _estimate(interval: Interval) -> Estimate:
    return Estimate(mean=interval.mean, low=interval.low, high=interval.high)
