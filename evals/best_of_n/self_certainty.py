"""Self-certainty (arXiv:2502.18581): the reply during which the next-token distributions were farthest from uniform."""

import math

import numpy as np

from acdc.errors import InputError
from evals.best_of_n.selector import Candidates, Choice, best_mean


def certainty(logprobs: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Self-certainty of one token: −(1/V) Σ log(V · p_v), the divergence of the uniform distribution from p.

    Args:
        logprobs: (V,) natural logarithms of all next-token probabilities, finite.
    """
    return float(-np.mean(logprobs) - np.log(len(logprobs)))


def select(candidates: Candidates, rng: np.random.Generator) -> Choice:
    """The largest mean over tokens; ties (to 10⁻⁴) are drawn, an empty reply loses. Raises InputError where it is not known or not finite."""
    if candidates.certainties is None:
        raise InputError(
            "self-certainty: these answers come without certainties of their tokens, which only engine.kind: transformers gives"
        )
    if not all(math.isfinite(value) for values in candidates.certainties for value in values):
        raise InputError(
            "self-certainty: it is infinite for one of these answers (its model gives a token probability 0); use another selector"
        )
    index, drawn = best_mean(candidates.certainties, rng)
    return Choice(index, drawn=drawn)
