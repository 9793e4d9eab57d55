"""Which rule selects, as the section `selection` of the parameters."""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from acdc.selection import cycle_qd, dns, fitness, order, random


class GridSettings(BaseModel):
    """The grids of cycle_qd (:mod:`acdc.selection.cycle_qd`).

    Attributes:
        bins: Intervals of each behaviour dimension; published: 15.
        most_niches: Most niches, and so grids; the rarest beyond are one niche.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bins: int = Field(15, ge=1)
    most_niches: int = Field(8, ge=2)


class SelectionSettings(BaseModel):
    """How archive and children become the next archive. `grids` concern cycle_qd alone, all else but `rule` dns alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["dns", "fitness", "cycle_qd", "random", "none"] = Field(
        "dns", description="none keeps everybody, whatever the population size"
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
    """
    if settings.rule == "dns":
        return dns.survivors(
            skills,
            scores,
            size,
            k=settings.k,
            distance=settings.distance,
            difficulty_weighted=settings.difficulty_weighted,
            denominator=settings.denominator,
            ties=settings.ties,
            age=age,
        )
    if settings.rule == "fitness":
        return fitness.survivors(scores, size, age=age)
    if settings.rule == "cycle_qd":
        return cycle_qd.survivors(skills, niches, size, turn=turn, age=age, **_grids(settings))
    if settings.rule == "random":
        return random.survivors(len(skills), size, generator)
    return order.best_first(born=order.creation(len(skills), age))


def parents(
    settings: SelectionSettings,
    skills: NDArray[np.bool_],
    age: ArrayLike | None,
    *,
    niches: Sequence[str],
    turn: int,
) -> cycle_qd.Parents | None:
    """Who may become a parent and with what odds; None: everybody in the archive, with equal odds.

    Args:
        settings: The rule.
        skills: (M, T) bool of the archive.
        age: (M,) creation numbers.
        niches: (T,) the niche of each task.
        turn: The generation that is bred.
    """
    if settings.rule != "cycle_qd":
        return None
    return cycle_qd.parents(skills, niches, turn=turn, age=age, **_grids(settings))


def _grids(settings: SelectionSettings) -> dict[str, int]:
    return (settings.grids or GridSettings.model_validate({})).model_dump()
