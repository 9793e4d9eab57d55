"""Variation: how a child's weights come from its parents' (method: crossover, then mutation). One operator per file.

    linear, task_arithmetic, draw_weights   crossover.py
    slerp, ties, dare_ties                  mergekit_methods.py, by mergekit, an extra
    svd_noise                               svd_noise.py
    CrossoverSettings, MutationSettings     settings.py, sections of params.yaml

Operators are pure: state dicts in, a new state dict out, every draw from a generator that is passed in. Each has a form that
takes one tensor at a time, which `acdc.population.breeding` puts together.
"""

from acdc.variation.crossover import draw_weights, linear, task_arithmetic
from acdc.variation.settings import CrossoverSettings, MutationSettings
from acdc.variation.svd_noise import svd_noise

__all__ = ["CrossoverSettings", "MutationSettings", "draw_weights", "linear", "svd_noise", "task_arithmetic"]
