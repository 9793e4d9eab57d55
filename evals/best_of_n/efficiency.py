"""Selection efficiency: how much of what a perfect chooser would gain over a random one a chooser does gain."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.exact import on_grid


class Efficiency(NamedTuple):
    """(Best-of-N − random) / (Coverage − random) with its interval.

    Attributes:
        value: 0: no better than a random choice; 1: as good as an oracle; below 0: worse than random.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def selection_efficiency(
    chosen: ArrayLike,
    random: ArrayLike,
    covered: ArrayLike,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Efficiency:
    """The ratio of means over questions, with a percentile bootstrap over questions.

    Args:
        chosen: (Q,) whether the chosen answer is right, or the chance of it.
        random: (Q,) share of right answers among the N: a random choice.
        covered: (Q,) whether any answer is right.
        resamples: Draws of questions.
        confidence: Of the interval.
        seed: Of the draws.

    Raises:
        InputError: Lengths differ or a number lies outside [0, 1].
        NotEnoughDataError: No question is there on which choosing matters: all N are right, or none.
    """
    parts = [np.asarray(part, dtype=np.float64) for part in (chosen, random, covered)]
    if any(part.shape != parts[0].shape or part.ndim != 1 for part in parts):
        raise InputError(f"expected three arrays of one length, got {[part.shape for part in parts]}")
    if not all(((part >= 0) & (part <= 1)).all() for part in parts):
        raise InputError("selection efficiency: shares lie between 0 and 1")
    # Sums of questions that are drawn are exact, so that no order of adding shows.
    gain, room = (on_grid(part - parts[1], len(part)) for part in (parts[0], parts[2]))
    if room.sum() <= 0:
        raise NotEnoughDataError(
            "on every question all answers are right or all are wrong, so the choice does not matter"
        )
    # Questions of one kind (gain, room) are drawn as counts: the same distribution without a draw per question.
    kinds, counts = np.unique(np.stack([gain, room]), axis=1, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(gain), counts / len(gain), size=resamples)
    gains, rooms = drawn @ kinds[0], drawn @ kinds[1]
    ratios = gains[rooms > 1e-12] / rooms[rooms > 1e-12]
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return Efficiency(float(gain.sum() / room.sum()), float(low), float(high))
