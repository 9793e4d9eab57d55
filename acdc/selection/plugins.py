"""The built-in selection rules, as pyproject.toml registers them; their settings are the fields of `selection`."""

import numpy as np
from numpy.typing import NDArray

from acdc.selection import cycle_qd, dns, fitness, order, random
from acdc.selection.rule import Individuals, Parents, SelectionPlugin
from acdc.selection.settings import GridSettings, SelectionSettings

Rows = NDArray[np.intp]


def _dns(settings: SelectionSettings, found: Individuals, size: int) -> Rows:
    return dns.survivors(
        found.skills,
        found.fitness,
        size,
        k=settings.k,
        distance=settings.distance,
        difficulty_weighted=settings.difficulty_weighted,
        denominator=settings.denominator,
        ties=settings.ties,
        age=found.age,
    )


def _fitness(settings: SelectionSettings, found: Individuals, size: int) -> Rows:
    return fitness.survivors(found.fitness, size, age=found.age)


def _cycle_qd(settings: SelectionSettings, found: Individuals, size: int) -> Rows:
    return cycle_qd.survivors(
        found.skills, found.niches, size, turn=found.turn, age=found.age, **_grids(settings)
    )


def _cycle_qd_parents(settings: SelectionSettings, found: Individuals) -> Parents:
    return cycle_qd.parents(found.skills, found.niches, turn=found.turn, age=found.age, **_grids(settings))


def _grids(settings: SelectionSettings) -> dict[str, int]:
    return (settings.grids or GridSettings.model_validate({})).model_dump()


def _random(settings: SelectionSettings, found: Individuals, size: int) -> Rows:
    return random.survivors(len(found.skills), size, found.generator)


def _none(settings: SelectionSettings, found: Individuals, size: int) -> Rows:
    return order.best_first(created=order.creation(len(found.skills), found.age))


_EACH_PAIR = "M² T for M individuals and T tasks"
DNS = SelectionPlugin(_dns, SelectionSettings, cost=_EACH_PAIR)
FITNESS = SelectionPlugin(_fitness, SelectionSettings)
CYCLE_QD = SelectionPlugin(_cycle_qd, SelectionSettings, ("tasks of two niches",), parents=_cycle_qd_parents)
RANDOM = SelectionPlugin(_random, SelectionSettings)
NONE = SelectionPlugin(_none, SelectionSettings)
