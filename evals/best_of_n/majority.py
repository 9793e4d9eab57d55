"""Majority: the answer that most replies give. Equivalent answers are one answer; a reply without one has no vote."""

from collections.abc import Sequence

import numpy as np

from evals.best_of_n.equivalence import group, normal_form
from evals.best_of_n.selector import Candidates, Choice


def leaders(answers: Sequence[str], maths: bool | None = None) -> list[list[int]]:
    """The largest groups of equivalent answers; several where they tie. Replies without an answer count only if all are.

    Args:
        answers: Extracted answers.
        maths: As of :func:`evals.best_of_n.equivalence.group`.
    """
    groups = group(answers, maths)
    given = [
        places for places in groups if normal_form(answers[places[0]]) not in ("", "[invalid]")
    ] or groups
    most = max(len(places) for places in given)
    return [places for places in given if len(places) == most]


def select(candidates: Candidates, rng: np.random.Generator) -> Choice:
    """The first reply of the largest group; ties between groups are drawn."""
    tied = leaders(candidates.answers)
    chosen = tied[int(rng.integers(len(tied)))] if len(tied) > 1 else tied[0]
    return Choice(chosen[0], drawn=len(tied) > 1)
