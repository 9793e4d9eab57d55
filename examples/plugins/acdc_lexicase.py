"""A selection rule: lexicase selection (Spector 2012), which keeps specialists that solve rare combinations of tasks.

For each place the tasks come in an order drawn anew. An individual that fails a task that another one solves is out.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from acdc.registry import Plugin
from acdc.selection import Individuals, SelectionPlugin


class Lexicase(BaseModel):
    """The settings: ``evolution.selection.options``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: Annotated[float, Field(gt=0, le=1)] = (
        1.0  # share of tasks that count for a place (down-sampled lexicase)
    )


def lexicase(settings: Lexicase, found: Individuals, size: int) -> NDArray[np.intp]:
    """Rows of `size` different individuals, in the order in which they were chosen."""
    left, chosen = list(range(len(found.skills))), []
    few = max(1, round(settings.tasks * found.skills.shape[1]))
    while left and len(chosen) < size:
        able = np.array(left)
        for task in found.generator.permutation(found.skills.shape[1])[:few]:
            solvers = able[found.skills[able, task]]
            able = solvers if len(solvers) else able
        chosen.append(int(able[found.generator.integers(len(able))]))
        left.remove(chosen[-1])
    return np.array(chosen, dtype=np.intp)


PLUGIN: Plugin = SelectionPlugin(lexicase, Lexicase, cost="size · M · T")
