"""Individuals: who is who in a run."""

from dataclasses import dataclass

from acdc.population.recipe import Recipe


@dataclass(frozen=True)
class Individual:
    """One model of the population.

    Attributes:
        id: Its name, unique in a run.
        recipe: What it is made of.
        weights_hash: Content hash of its weights.
        generation: 0 for the initial population.
        created: Place in the order of creation; the older of two has the smaller.
    """

    id: str
    recipe: Recipe
    weights_hash: str
    generation: int
    created: int
