"""Planning: which difference can be seen, before anything is run.

The model is the t test over units (benchmarks, or families): each unit shows the true effect, plus what differs from unit to
unit, plus the noise of its finite questions. Source: noncentral t, e.g. Cohen 1988, ch. 2.
"""

import math
from typing import Literal

from acdc.errors import InputError, NotEnoughDataError

Alternative = Literal["greater", "two-sided"]


def unit_sd(questions: int, *, disagreement: float, between: float) -> float:
    """Standard deviation of one unit's observed difference.

    Args:
        questions: Per unit.
        disagreement: Share of questions on which the two methods differ; the variance of a difference −1, 0, 1 of
            mean 0, so the noise that questions leave is sqrt(disagreement / questions).
        between: Standard deviation of true differences from unit to unit.

    Raises:
        InputError: A number is outside its range.
    """
    if questions < 1 or not 0 <= disagreement <= 1 or between < 0:
        raise InputError(
            f"power: expected at least 1 question, disagreement in [0, 1] and between ≥ 0; "
            f"got {questions}, {disagreement}, {between}"
        )
    return math.sqrt(between**2 + disagreement / questions)


def t_power(
    effect: float, sd: float, units: int, *, alpha: float = 0.05, alternative: Alternative = "greater"
) -> float:
    """The chance that a t test over `units` finds `effect`.

    Args:
        effect: True mean difference.
        sd: Standard deviation of one unit's difference, above 0.
        units: At least 2.
        alpha: Level of the test.
        alternative: Its side.

    Raises:
        InputError: sd or alpha is outside its range.
        NotEnoughDataError: There are fewer than 2 units.
    """
    from scipy import stats

    if sd <= 0 or not 0 < alpha < 1:
        raise InputError(f"power: expected sd > 0 and alpha between 0 and 1, got {sd} and {alpha}")
    if units < 2:
        raise NotEnoughDataError(f"power: a t test needs at least 2 units, got {units}")
    free, shift = units - 1, effect / sd * math.sqrt(units)
    if alternative == "greater":
        return _beyond(float(stats.t.isf(alpha, free)), free, shift)
    edge = float(stats.t.isf(alpha / 2, free))
    return _beyond(edge, free, shift) + _beyond(edge, free, -shift)


def _beyond(edge: float, free: int, shift: float) -> float:
    """The chance that a noncentral t lies above `edge`; SciPy's own is not a number for few degrees of freedom."""
    from scipy import integrate, stats

    found = float(stats.nct.sf(edge, free, shift))
    if not math.isnan(found):
        return found

    def density(spread: float) -> float:
        return float(stats.norm.cdf(shift - edge * spread / math.sqrt(free)) * stats.chi.pdf(spread, free))

    return float(integrate.quad(density, 0, math.inf)[0])


def minimum_detectable_effect(
    sd: float, units: int, *, power: float = 0.8, alpha: float = 0.05, alternative: Alternative = "greater"
) -> float:
    """The smallest true difference that a t test over `units` finds with probability `power`.

    Args:
        sd: Standard deviation of one unit's difference (:func:`unit_sd`), above 0.
        units: At least 2.
        power: Above alpha, below 1.
        alpha: Level of the test.
        alternative: Its side.

    Raises:
        InputError: A number is outside its range.
        NotEnoughDataError: There are fewer than 2 units.
    """
    from scipy import optimize

    if not alpha < power < 1:
        raise InputError(f"power lies between alpha and 1, got {power}")

    def missing(effect: float) -> float:
        return t_power(effect, sd, units, alpha=alpha, alternative=alternative) - power

    high = sd
    while missing(high) < 0:
        high *= 2
    return float(optimize.brentq(missing, 0.0, high, xtol=1e-9 * sd))


def units_needed(
    effect: float, sd: float, *, power: float = 0.8, alpha: float = 0.05, alternative: Alternative = "greater"
) -> int:
    """How many units (families) a t test needs to find `effect` with probability `power`.

    Raises:
        InputError: A number is outside its range, or more than a million units would be needed.
    """
    if effect <= 0:
        raise InputError(f"power: expected an effect above 0, got {effect}")

    def enough(units: int) -> bool:
        return t_power(effect, sd, units, alpha=alpha, alternative=alternative) >= power

    high = 2
    while not enough(high):
        high *= 2
        if high > 2**20:
            raise InputError(f"power: an effect of {effect} at sd {sd} needs more than a million units")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
