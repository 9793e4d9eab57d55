"""Ways to choose by name."""

from collections.abc import Callable

import numpy as np

from acdc.errors import InputError
from acdc.parsing.validation import nearest
from evals.best_of_n import logprob, majority, monarch, random, score, self_certainty, tournament
from evals.best_of_n.selector import Candidates, Choice, Judge

ALONE: dict[str, Callable[[Candidates, np.random.Generator], Choice]] = {
    "majority": majority.select,
    "logprob": logprob.select,
    "self_certainty": self_certainty.select,
    "random": random.select,
}
JUDGED: dict[str, Callable[[Candidates, np.random.Generator, Judge], Choice]] = {
    "monarch": monarch.select,
    "tournament": tournament.select,
    "score": score.select,
}


def choose(name: str, candidates: Candidates, rng: np.random.Generator, judge: Judge | None = None) -> Choice:
    """One of N answers.

    Args:
        name: A way to choose.
        candidates: The answers.
        rng: Decides ties, orders and missing verdicts.
        judge: Needed by monarch, tournament and score.

    Returns:
        What was chosen; of one answer that one, and nobody is asked.

    Raises:
        InputError: There is no such way, or it needs a judge or numbers that are not there.
    """
    if name not in ALONE and name not in JUDGED:
        raise InputError(f"best of N: there is no {name!r}; {nearest(name, [*ALONE, *JUDGED])}")
    if len(candidates.replies) == 1:
        return Choice(0)
    if name in ALONE:
        return ALONE[name](candidates, rng)
    if judge is None:
        raise InputError(f"best of N: {name} needs a judge")
    return JUDGED[name](candidates, rng, judge)
