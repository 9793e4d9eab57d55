"""From skills to the N individuals that together solve most tasks.

maximum_coverage.py chooses, greedily or proven best, and holds the simpler rules; candidates.py lists who may be chosen, on which tasks.
Promises: pure functions of a skill matrix; ties are broken by rule. No torch is imported.
Door: `greedy`, `exact`, `by_fitness`, `by_random`, `by_dns`.
"""

from acdc.taskforce.maximum_coverage import Optimum, by_dns, by_fitness, by_random, exact, greedy

__all__ = ["Optimum", "by_dns", "by_fitness", "by_random", "exact", "greedy"]
