"""Random: any of the N answers. Its expectation is the mean of their scores: the lower bound."""

import numpy as np

from evals.best_of_n.selector import Candidates, Choice


def select(candidates: Candidates, rng: np.random.Generator) -> Choice:
    """One of them, drawn evenly."""
    return Choice(int(rng.integers(len(candidates.replies))), drawn=True)
