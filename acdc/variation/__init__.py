"""Variation: how a child's weights come from its parents' (method: crossover, then mutation). One operator per file.

    linear, task_arithmetic, draw_weights   crossover.py
    svd_noise                               svd_noise.py
    CrossoverSettings, MutationSettings     settings.py, sections of params.yaml

Operators are pure: state dicts in, a new state dict out, every draw from a generator that is passed in.
"""

from acdc.variation.crossover import draw_weights, linear, task_arithmetic
from acdc.variation.settings import CrossoverSettings, MutationSettings
from acdc.variation.svd_noise import svd_noise

__all__ = ["CrossoverSettings", "MutationSettings", "draw_weights", "linear", "svd_noise", "task_arithmetic"]
