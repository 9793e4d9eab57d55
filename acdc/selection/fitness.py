"""The fittest survive: the ablation without novelty."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.selection.order import best_first, creation


def survivors(fitness: ArrayLike, size: int, *, age: ArrayLike | None = None) -> NDArray[np.intp]:
    """The individuals of highest fitness.

    Args:
        fitness: (M,) finite.
        size: How many survive; all where there are fewer.
        age: (M,) creation numbers, smaller is older; row order where none is given.

    Returns:
        Indices, best first; equals go to the older.
    """
    values = np.asarray(fitness, dtype=np.float64)
    return best_first(values, created=creation(len(values), age))[:size]
