"""Is a difference real? Intervals and tests for paired differences, the published way and ways that are calibrated.

Differences are always method − baseline, one per unit (a benchmark, or a family's benchmark), so positive is better. Where
a test has a side, the default asks the published question, "is the mean above 0?" (one-tailed); pass
alternative="two-sided" to ask the other one. What each method is worth at small n is measured in docs/statistics.md.

Source: `published_bootstrap` is App. K of arXiv:2604.14969v1. Sign-flip: Fisher 1935. Holm: Scand. J. Stat. 6 (1979).
Bootstraps over questions live in :mod:`evals.statistics.bootstrap`, planning in :mod:`evals.statistics.power`; both are re-exported here.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.digits import settled
from acdc.numbers.exact import on_grid
from evals.statistics.bootstrap import item_bootstrap
from evals.statistics.power import minimum_detectable_effect, t_power, units_needed
from evals.statistics.resampling import (
    Interval,
    checked,
    convolved_means,
    multisets,
    percentile_interval,
    resampled_means,
)

__all__ = [
    "Interval",
    "converged_bootstrap",
    "family_bootstrap",
    "holm",
    "item_bootstrap",
    "mcnemar",
    "minimum_detectable_effect",
    "paired_t",
    "published_bootstrap",
    "sign_flip",
    "t_power",
    "units_needed",
]

Alternative = Literal["greater", "two-sided"]
ENUMERATED_UP_TO = 10  # units; 92,378 multisets
SIGN_FLIPS_EXACT_UP_TO = 40  # differences; two halves of 2^20 sums
SIGN_FLIPS_DRAWN = 1_000_000


def published_bootstrap(
    differences: ArrayLike, *, resamples: int = 50_000, seed: int, confidence: float = 0.95
) -> Interval:
    """The published procedure: percentile interval of the bootstrap means, p the share of them that is ≤ 0.

    At n = 8 the 95% interval covers about 88% and the 5% test rejects 8–9% of true nulls: print it, do not rely on it.

    Args:
        differences: (n,) finite, n at least 2.
        resamples: Draws of n with replacement.
        seed: Of the draws.
        confidence: Of the interval.

    Raises:
        InputError: A difference is not finite, or there are not several dimensions but one.
        NotEnoughDataError: n is below 2.
    """
    values = checked(differences)
    means = resampled_means(values, resamples, np.random.default_rng(seed))
    return percentile_interval(float(values.mean()), means, None, confidence)


def converged_bootstrap(differences: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """What :func:`published_bootstrap` converges to with ever more resamples: nothing is drawn, there is no seed.

    Enumerated exactly over multisets for n ≤ 10 (6,435 at n = 8). Above, the sum of n draws is the n-fold convolution of
    the differences with themselves, on a grid of 2^18 steps: nearer to the limit
    than millions of resamples come.

    Args:
        differences: (n,) finite, n at least 2.
        confidence: Of the interval.

    Raises:
        InputError: A difference is not finite.
        NotEnoughDataError: n is below 2.
    """
    values = checked(differences)
    mean = float(values.mean())
    if len(values) > ENUMERATED_UP_TO:
        return percentile_interval(mean, *convolved_means(values), confidence)
    counts, weights = multisets(len(values))
    sums = counts @ on_grid(values, len(values))
    return percentile_interval(mean, sums / len(values), weights, confidence)


def sign_flip(differences: ArrayLike, *, alternative: Alternative = "greater", seed: int = 0) -> float:
    """The sign-flip test: how often random signs give a sum at least as large. Valid for symmetric differences.

    Exact up to n = 40, by meeting in the middle: all sums of each half, matched by binary search. Above, a million
    drawn sign vectors, with the observed one counted among them.

    Args:
        differences: (n,) finite, n at least 1.
        alternative: "greater", mean above 0; or "two-sided".
        seed: Of the draws above n = 40.

    Returns:
        p, at least 2^−n.

    Raises:
        InputError: A difference is not finite.
        NotEnoughDataError: There is none.
    """
    values = checked(differences, least=1)
    if alternative == "two-sided":
        return min(1.0, 2 * sign_flip(values if values.sum() >= 0 else -values, seed=seed))
    # Sums that are equal on paper must count as equal in floating point.
    threshold = float(values.sum() - 1e-12 * np.abs(values).sum())
    values = on_grid(values, len(values))
    if len(values) <= SIGN_FLIPS_EXACT_UP_TO:
        half = len(values) // 2
        first, second = _all_signed_sums(values[:half]), np.sort(_all_signed_sums(values[half:]))
        reaching = len(second) - np.searchsorted(second, threshold - np.sort(first))
        return int(reaching.sum()) / float(2 ** len(values))
    rng = np.random.default_rng(seed)
    hits = 0
    for begin in range(0, SIGN_FLIPS_DRAWN, 10_000):
        signs = (
            rng.integers(0, 2, (min(10_000, SIGN_FLIPS_DRAWN - begin), len(values)), dtype=np.int8) * 2 - 1
        )
        hits += int(np.count_nonzero(signs @ values >= threshold))
    return (hits + 1) / (SIGN_FLIPS_DRAWN + 1)


def paired_t(
    differences: ArrayLike, *, confidence: float = 0.95, alternative: Alternative = "greater"
) -> Interval:
    """Student's interval of the mean difference, two-sided, and its p for `alternative`.

    Args:
        differences: (n,) finite, n at least 2, not all equal.
        confidence: Of the interval.
        alternative: Of the p.

    Raises:
        InputError: A difference is not finite.
        NotEnoughDataError: n is below 2, or the differences do not vary, so that t is not defined.
    """
    from scipy import stats

    values = checked(differences)
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        raise NotEnoughDataError("all differences are equal, so a t interval is not defined")
    result = stats.ttest_1samp(values, 0.0)
    p = stats.ttest_1samp(values, 0.0, alternative=alternative).pvalue
    interval = result.confidence_interval(confidence)
    return Interval(
        float(values.mean()), settled(float(interval.low)), settled(float(interval.high)), settled(float(p))
    )


def family_bootstrap(
    differences: Mapping[str, ArrayLike] | Sequence[ArrayLike], *, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Bootstrap over families: whole families are drawn with replacement, for what would hold for new families.

    The statistic is the mean over all differences of the drawn families. Enumerated exactly up to 10 families. With
    four it is far too sure of itself (docs/statistics.md): read it as the weakest of doubts.

    Args:
        differences: For each family its differences, (n_f,) finite, n_f at least 1.
        confidence: Of the interval.
        seed: Of the draws above 10 families.

    Raises:
        InputError: A difference is not finite.
        NotEnoughDataError: There are fewer than two families, or one has no difference.
    """
    groups = list(differences.values()) if isinstance(differences, Mapping) else list(differences)
    families = [checked(group, least=1) for group in groups]
    if len(families) < 2:
        raise NotEnoughDataError(f"a bootstrap over families needs at least 2 of them, got {len(families)}")
    sums = np.array([family.sum() for family in families])
    sizes = np.array([len(family) for family in families])
    mean = float(sums.sum() / sizes.sum())
    sums = on_grid(sums, len(families))
    weights: NDArray[np.float64] | None = None
    if len(families) <= ENUMERATED_UP_TO:
        counts, weights = multisets(len(families))
    else:
        chances = np.full(len(families), 1 / len(families))
        counts = np.random.default_rng(seed).multinomial(len(families), chances, size=100_000)
    return percentile_interval(mean, (counts @ sums) / (counts @ sizes), weights, confidence)


def mcnemar(
    first: ArrayLike, second: ArrayLike, *, alternative: Literal["two-sided", "greater"] = "two-sided"
) -> float:
    """McNemar's exact test of two answerers on the same questions.

    Args:
        first: (Q,) bool, right answers of one.
        second: (Q,) bool, of the other, the same questions in the same order.
        alternative: "two-sided", they differ; or "greater", the first is right more often.

    Returns:
        p; 1 where they never disagree.

    Raises:
        InputError: Lengths differ, or they are not bool.
    """
    from scipy import stats

    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.ndim != 1 or a.dtype != np.bool_ or b.dtype != np.bool_:
        raise InputError(
            f"McNemar: expected two bool arrays of one length, got {a.dtype} {a.shape} and {b.dtype} {b.shape}"
        )
    only_first, only_second = int(np.count_nonzero(a & ~b)), int(np.count_nonzero(b & ~a))
    if only_first + only_second == 0:
        return 1.0
    found = stats.binomtest(only_first, only_first + only_second, alternative=alternative)
    return settled(float(found.pvalue))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjustment: reject where the adjusted p is ≤ α, and the family-wise error is at most α.

    Args:
        p_values: (m,) in [0, 1]; the whole set of claims that was declared.

    Returns:
        (m,) adjusted p, in the order given.

    Raises:
        InputError: One of them is no probability.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"Holm: expected a list of probabilities, got {p_values!r}")
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    adjusted = np.empty(len(p))
    adjusted[order] = stepped
    return adjusted


def _all_signed_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2^n,) sums of ± each value."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums
