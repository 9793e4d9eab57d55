"""Logprob: the reply whose tokens the model itself found likeliest, on average, so that length does not decide."""

import numpy as np

from acdc.errors import InputError
from evals.best_of_n.selector import Candidates, Choice, best_mean


def select(candidates: Candidates, rng: np.random.Generator) -> Choice:
    """The largest mean log-probability; ties (to 10⁻⁴) are drawn, an empty reply loses. Raises InputError where none are known."""
    if candidates.token_logprobs is None:
        raise InputError("logprob: these answers come without log-probabilities of their tokens")
    index, drawn = best_mean(candidates.token_logprobs, rng)
    return Choice(index, drawn=drawn)
