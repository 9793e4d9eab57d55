"""The one total order that breaks every tie: higher value, then higher fitness, then the older individual."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import InputError


def creation(count: int, age: ArrayLike | None) -> NDArray[np.int64]:
    """(M,) place of each individual in the order of creation, 0 the oldest.

    Args:
        count: M.
        age: (M,) creation numbers, smaller is older; row order where none is given and among equals.

    Raises:
        InputError: There are not M of them.
    """
    if age is None:
        return np.arange(count)
    numbers = np.asarray(age)
    if numbers.shape != (count,):
        raise InputError(f"expected {count} creation numbers, got shape {numbers.shape}")
    places = np.empty(count, dtype=np.int64)
    places[np.argsort(numbers, kind="stable")] = np.arange(count)
    return places


def best_first(*keys: NDArray[np.float64], created: NDArray[np.int64]) -> NDArray[np.intp]:
    """Indices of M individuals, best first: by the first key, then the next, then the older.

    Args:
        keys: (M,) each, larger is better; infinities are allowed.
        created: (M,) places in the order of creation.
    """
    return np.lexsort((created, *(-key for key in reversed(keys))))
