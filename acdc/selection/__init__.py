"""From skills to survivors: pure functions that never evaluate anybody.

dns: Dominated Novelty Search. fitness: the fittest. cycle_qd: MAP-Elites grids by niche of tasks. random: a control. settings: which of them, and how.
"""

from acdc.selection.settings import SelectionSettings, select

__all__ = ["SelectionSettings", "select"]
