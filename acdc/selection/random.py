"""A lottery survives: the control that selection has to beat."""

import numpy as np
from numpy.typing import NDArray


def survivors(count: int, size: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Rows drawn without replacement.

    Args:
        count: M, the number of individuals.
        size: How many survive; all where there are fewer.
        generator: The stream of this purpose.

    Returns:
        Indices in the order of drawing.
    """
    return generator.permutation(count).astype(np.intp)[:size]
