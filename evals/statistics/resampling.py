"""What every bootstrap here stands on: draws with replacement, all multisets, percentile intervals.

Guarantees: draws come from the generator that is passed; memory stays under about 100 MB whatever the size; sums have the same bits on
every processor (:mod:`acdc.numbers.exact`), but for the convolution.
"""

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.exact import on_grid

CHUNK = 2**17  # draws held at once; what stays in a core's cache is drawn faster
GRID = 2**18  # places of a sum in a convolution
FEW_VALUES = 64  # up to so many distinct values, counts of them are drawn instead of items


class Interval(NamedTuple):
    """A mean, its interval, and p.

    Attributes:
        mean: Of the data.
        low: Lower end.
        high: Upper end.
        p: Of "the mean is not above 0", one-tailed, unless the function says otherwise.
    """

    mean: float
    low: float
    high: float
    p: float


def checked(values: ArrayLike, *, least: int = 2) -> NDArray[np.float64]:
    """The values as (n,) float64.

    Raises:
        InputError: They are not finite numbers in one dimension.
        NotEnoughDataError: There are fewer than `least`.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InputError(f"expected differences in one dimension, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"difference {int(np.argmin(np.isfinite(array)))} is not a finite number")
    if len(array) < least:
        raise NotEnoughDataError(f"at least {least} differences are needed, got {len(array)}")
    return array


def resampled_means(
    values: NDArray[np.float64], resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """(resamples,) means of n draws with replacement from n values.

    Where there are few distinct values (right, wrong), their counts are drawn, which are multinomial: the same
    distribution, without a draw per item.
    """
    size = len(values)
    values = on_grid(values, size)
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= min(FEW_VALUES, size // 4):
        kinds = generator.multinomial(size, counts / size, size=resamples)
        counted: NDArray[np.float64] = kinds @ distinct / size
        return counted
    means = np.empty(resamples)
    rows = max(1, CHUNK // size)
    for begin in range(0, resamples, rows):
        drawn = generator.integers(0, size, (min(rows, resamples - begin), size))
        means[begin : begin + rows] = values.take(drawn).sum(axis=1) / size
    return means


def percentile_interval(
    mean: float,
    means: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    confidence: float,
    *,
    tie: float | None = None,
) -> Interval:
    """The percentile interval of bootstrap means, and the share of them that is ≤ 0.

    Args:
        mean: Of the data.
        means: (R,) bootstrap means, or all that can occur.
        weights: (R,) their probabilities; None where they are draws.
        confidence: In (0, 1).
        tie: Means up to this count as 0; by default 10⁻¹² of the largest.

    Raises:
        InputError: The confidence is no probability strictly between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence lies between 0 and 1, got {confidence}")
    tail = (1 - confidence) / 2
    zero = 1e-12 * float(np.abs(means).max()) if tie is None else tie  # what vanishes on paper vanishes here
    if weights is None:
        low, high = np.quantile(means, [tail, 1 - tail])
        return Interval(mean, float(low), float(high), float(np.mean(means <= zero)))
    order = np.argsort(means, kind="stable")
    ordered, chances = means[order], weights[order]
    # Mirror images of each other, so that changing every sign mirrors the interval.
    low = ordered[np.searchsorted(np.cumsum(chances), tail - 1e-12)]
    high = ordered[::-1][np.searchsorted(np.cumsum(chances[::-1]), tail - 1e-12)]
    return Interval(mean, float(low), float(high), min(1.0, float(chances[ordered <= zero].sum())))


def convolved_means(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All means of n draws from n values, on a grid, and their probabilities, by n-fold convolution.

    Returns:
        (GRID,) means and (GRID,) probabilities. A mean is off by at most n / 2 · range / GRID, and by far less as a
        rule; means that near to 0 are put at 0, since on paper they may be 0.
    """
    size, start, width = len(values), values.min(), np.ptp(values)
    if width == 0:
        return values[:1], np.ones(1)
    step = size * width / (GRID - size)
    blur = step / 2  # each of n values may be half a step off, and their mean as much
    places = np.round((values - start) / step).astype(np.int64)
    spectrum = np.fft.rfft(np.bincount(places, minlength=GRID) / size)
    chances = np.maximum(np.fft.irfft(spectrum**size, GRID), 0.0)
    # Rounding to the grid moved the mean; what it moved is known and taken back.
    means = start + np.arange(GRID) * step / size + (values - start - places * step).mean()
    means[np.abs(means) <= blur] = 0.0
    return means, chances / chances.sum()


@functools.cache
def multisets(n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All C(2n − 1, n) multisets of n draws from n units: (K, n) counts, and (K,) probabilities. Not writeable."""
    draws = np.array(list(itertools.combinations_with_replacement(range(n), n)), dtype=np.int8)
    counts = np.stack([np.count_nonzero(draws == unit, axis=1) for unit in range(n)], axis=1)
    factorials = np.array([math.factorial(k) for k in range(n + 1)], dtype=np.float64)
    weights = factorials[n] / factorials[counts].prod(axis=1) / float(n) ** n
    counts.flags.writeable = weights.flags.writeable = False
    return counts, weights
