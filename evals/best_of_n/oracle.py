"""Oracle: a right answer wherever there is one. Its score is Coverage: the upper bound, and no real way to choose."""

from collections.abc import Sequence

from evals.best_of_n.selector import Choice


def select(correct: Sequence[bool]) -> Choice:
    """The first right answer; the first of all where none is right."""
    return Choice(next((place for place, right in enumerate(correct) if right), 0))
