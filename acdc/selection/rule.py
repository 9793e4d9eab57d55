"""What a selection rule is: a function of its settings, the individuals and a size that returns who survives (docs/extending.md)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.registry import Plugin, Registry


@dataclass(frozen=True)
class Individuals:
    """M individuals with their results on T tasks.

    Attributes:
        skills: (M, T) bool: who solves what; every cell is known.
        fitness: (M,) share of tasks that each solves.
        generator: The random stream of this selection.
        age: (M,) creation numbers, smaller is older; None is row order.
        niches: (T,) the niche of each task.
        turn: The generation.
    """

    skills: NDArray[np.bool_]
    fitness: ArrayLike
    generator: np.random.Generator
    age: ArrayLike | None = None
    niches: Sequence[str] = ()
    turn: int = 0


class Parents(NamedTuple):
    """Who may become a parent.

    Attributes:
        indices: Rows of the skill matrix, best first.
        odds: Their probabilities, summing to 1.
    """

    indices: NDArray[np.intp]
    odds: NDArray[np.float64]


@dataclass(frozen=True)
class SelectionPlugin(Plugin[Callable[[Any, Individuals, int], NDArray[np.intp]]]):
    """A selection rule: (settings, individuals, size) -> at most `size` rows, best first.

    Attributes:
        parents: (settings, archive) -> who may become a parent; None: all of the archive, with equal odds.
    """

    parents: Callable[[Any, Individuals], Parents] | None = None


SELECTIONS: Registry[SelectionPlugin] = Registry("selections")
