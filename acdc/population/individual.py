"""Individuals: who is who, and the way from a recipe to weights. The public names of both are gathered here.

Individual                                        this file
Recipe, seed_recipe, child_recipe                 what a model is made of (recipe.py)
breed, rebuild, stream_bred, stream_rebuilt       making it, whole or tensor by tensor (breeding.py)
weights_hash, save_weights, read_weights, ...     state dicts and files (acdc.weights)
"""

from dataclasses import dataclass

from acdc.population.breeding import breed, rebuild, stream_bred, stream_rebuilt
from acdc.population.recipe import Recipe, child_recipe, seed_recipe
from acdc.weights.tensors import DamagedWeightsError, read_weights, save_weights, weights_hash

__all__ = [
    "DamagedWeightsError",
    "Individual",
    "Recipe",
    "breed",
    "child_recipe",
    "read_weights",
    "rebuild",
    "save_weights",
    "seed_recipe",
    "stream_bred",
    "stream_rebuilt",
    "weights_hash",
]


@dataclass(frozen=True)
class Individual:
    """One model of the population.

    Attributes:
        id: Its name, unique in a run.
        recipe: What it is made of.
        weights_hash: Content hash of its weights.
        generation: 0 for the initial population.
        born: Place in the order of creation; the older of two has the smaller.
    """

    id: str
    recipe: Recipe
    weights_hash: str
    generation: int
    born: int
