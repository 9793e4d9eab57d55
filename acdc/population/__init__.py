"""The individuals of a run: recipes, births, and what is kept of their weights.

Promises: a recipe of a few hundred bytes rebuilds the same weights, whole or tensor by tensor; a hash proves it.
Door: `Population`, `Individual`, `Recipe` and how they are made. Weights themselves are `acdc.weights`.
"""

from acdc.population.breeding import breed, stream_bred, stream_rebuilt
from acdc.population.individual import Individual
from acdc.population.population import Population
from acdc.population.recipe import Recipe, child_recipe, seed_recipe
from acdc.population.weight_cache import IN_MEMORY, fits

__all__ = [
    "IN_MEMORY",
    "Individual",
    "Population",
    "Recipe",
    "breed",
    "child_recipe",
    "fits",
    "seed_recipe",
    "stream_bred",
    "stream_rebuilt",
]
