"""Which rule selects, as the section `selection` of the parameters."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from acdc.errors import InputError
from acdc.parsing.section import Section
from acdc.plugin_section import PluginSection
from acdc.selection import dns
from acdc.selection.rule import SELECTIONS, Individuals, Parents


class GridSettings(Section):
    """The grids of cycle_qd (:mod:`acdc.selection.cycle_qd`).

    Attributes:
        bins: Intervals of each behaviour dimension; published: 15.
        most_niches: Most niches, and so grids; the rarest beyond are one niche.
    """

    bins: int = Field(15, ge=1)
    most_niches: int = Field(8, ge=2)


class SelectionSettings(PluginSection):
    """How archive and children become the next archive. `grids` concern cycle_qd alone, all else but `rule` dns alone."""

    registry = SELECTIONS
    named_by = "rule"

    rule: str = Field(
        "dns",
        description="dns, fitness, cycle_qd, random, none (keeps everybody, whatever the population size), or a plugin",
    )
    k: int = Field(3, ge=1, description="nearest fitter individuals that count")
    distance: dns.Distance = "skill_ratio"
    difficulty_weighted: bool = True
    denominator: dns.Denominator = "all"
    ties: dns.Ties = "ordered"
    # Written only where it is used, so that the settings hash of other rules is what it was without it.
    grids: GridSettings | None = Field(None, exclude_if=lambda value: value is None)

    @model_validator(mode="after")
    def _with_grids(self) -> Self:
        if self.rule == "cycle_qd" and self.grids is None:
            object.__setattr__(self, "grids", GridSettings.model_validate({}))
        return self


def select(
    settings: SelectionSettings,
    skills: NDArray[np.bool_],
    scores: ArrayLike,
    size: int,
    age: ArrayLike | None,
    generator: np.random.Generator,
    *,
    niches: Sequence[str] = (),
    turn: int = 0,
) -> NDArray[np.intp]:
    """Who survives, by the rule of the settings.

    Args:
        settings: Rule and its options.
        skills: (M, T) bool, complete columns only.
        scores: (M,) fitness.
        size: How many survive; ignored by the rule "none".
        age: (M,) creation numbers, smaller is older; None is row order.
        generator: Used by the rule "random" alone.
        niches: (T,) the niche of each task; used by the rule "cycle_qd" alone.
        turn: The generation; likewise.

    Returns:
        Indices, best first ("random": as drawn; "none": the oldest first).

    Raises:
        InputError: A plugin is not there, or returns what are no rows.
    """
    plugin, options = settings.resolved()
    found = plugin.call(options, Individuals(skills, scores, generator, age, niches, turn), size)
    rows = np.asarray(found, dtype=np.intp)
    if len(set(rows.tolist())) < len(rows) or not set(rows.tolist()) <= set(range(len(skills))):
        raise InputError(
            f"selection rule '{settings.rule}' must return different rows of {len(skills)} individuals, not {rows.tolist()}"
        )
    return rows


def chooses_parents(settings: SelectionSettings) -> bool:
    """Whether the rule says who may become a parent, so that :func:`parents` is worth its matrix."""
    return settings.resolved()[0].parents is not None


def parents(
    settings: SelectionSettings,
    skills: NDArray[np.bool_],
    age: ArrayLike | None,
    *,
    niches: Sequence[str],
    turn: int,
) -> Parents | None:
    """Which individuals may become parents, and their odds; None: all of the archive, with equal odds.

    Args:
        settings: The rule.
        skills: (M, T) bool of the archive.
        age: (M,) creation numbers.
        niches: (T,) the niche of each task.
        turn: The generation that is bred.
    """
    plugin, options = settings.resolved()
    if plugin.parents is None:
        return None
    fitness = skills.mean(axis=1) if skills.shape[1] else np.zeros(len(skills))
    unused = np.random.default_rng(0)  # who breeds is drawn by the loop, from streams of its own
    found: Parents = plugin.parents(options, Individuals(skills, fitness, unused, age, niches, turn))
    return found
