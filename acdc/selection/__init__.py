"""From skills to survivors: pure functions that never evaluate anybody.

dns: Dominated Novelty Search. fitness: the fittest. cycle_qd: MAP-Elites grids by niche of tasks. random: a control. settings: which of them, and how.
rule: what a selection rule of one's own is made of (docs/extending.md).
"""

from acdc.selection.rule import Individuals, Parents, SelectionPlugin
from acdc.selection.settings import SelectionSettings, select

__all__ = ["Individuals", "Parents", "SelectionPlugin", "SelectionSettings", "select"]
