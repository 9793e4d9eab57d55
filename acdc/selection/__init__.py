"""From skills to survivors: pure functions that never evaluate anybody.

dns: Dominated Novelty Search. fitness: the fittest. random: a control. settings: which of them, and how.
"""

from acdc.selection.settings import SelectionSettings, select

__all__ = ["SelectionSettings", "select"]
