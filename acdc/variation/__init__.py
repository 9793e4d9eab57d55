"""Variation: how a child's weights come from its parents' (crossover, then mutation). One file holds one operator.

Promises: operators are pure functions of state dicts. Every draw comes from a generator that the caller passes in.
Each operator also has a form that takes one tensor at a time; `acdc.population.breeding` uses it.
Door: `linear`, `task_arithmetic`, `draw_weights` (crossover.py), `svd_noise`, and the settings `CrossoverSettings` and
`MutationSettings`. mergekit_methods.py holds slerp, ties and dare_ties (mergekit is an extra).
A plugin is made of `Drawn`, `TensorMerge`, `TensorChange` (rule.py, docs/extending.md).
"""

from acdc.variation.crossover import draw_weights, linear, task_arithmetic
from acdc.variation.rule import TensorChange, TensorMerge
from acdc.variation.settings import CrossoverSettings, Drawn, MutationSettings
from acdc.variation.svd_noise import svd_noise

__all__ = [
    "CrossoverSettings",
    "Drawn",
    "MutationSettings",
    "TensorChange",
    "TensorMerge",
    "draw_weights",
    "linear",
    "svd_noise",
    "task_arithmetic",
]
