"""Variation: how a child's weights come from its parents' (method: crossover, then mutation). One operator per file.

    linear, task_arithmetic, draw_weights   crossover.py; slerp, ties, dare_ties: mergekit_methods.py, by mergekit, an extra
    svd_noise                               svd_noise.py
    CrossoverSettings, MutationSettings     settings.py, sections of params.yaml
    Drawn, TensorMerge, TensorChange        rule.py: what an operator of one's own is made of (docs/extending.md)

Operators are pure: every draw comes from a generator that is passed in. Each has a form that takes one tensor at a time.
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
