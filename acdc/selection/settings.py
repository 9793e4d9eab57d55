"""Which rule selects, as the section `selection` of the parameters."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from acdc.selection import dns, fitness, order, random


class SelectionSettings(BaseModel):
    """How archive and children become the next archive. All but `rule` concern dns alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["dns", "fitness", "random", "none"] = Field(
        "dns", description="none keeps everybody, whatever the population size"
    )
    k: int = Field(3, ge=1, description="nearest fitter individuals that count")
    distance: dns.Distance = "skill_ratio"
    difficulty_weighted: bool = True
    denominator: dns.Denominator = "all"
    ties: dns.Ties = "ordered"


def select(
    settings: SelectionSettings,
    skills: NDArray[np.bool_],
    scores: ArrayLike,
    size: int,
    age: ArrayLike | None,
    generator: np.random.Generator,
) -> NDArray[np.intp]:
    """Who survives, by the rule of the settings.

    Args:
        settings: Rule and its options.
        skills: (M, T) bool, complete columns only.
        scores: (M,) fitness.
        size: How many survive; ignored by the rule "none".
        age: (M,) creation numbers, smaller is older; None is row order.
        generator: Used by the rule "random" alone.

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
    if settings.rule == "random":
        return random.survivors(len(skills), size, generator)
    return order.best_first(born=order.creation(len(skills), age))
