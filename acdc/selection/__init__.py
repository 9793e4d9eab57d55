"""Selection: from skills to the individuals that survive.

Promises: pure functions of arrays; selection never evaluates an individual. Ties are broken by rule. No torch is imported.
dns.py is Dominated Novelty Search, fitness.py keeps the fittest, cycle_qd.py has MAP-Elites grids by niche, random.py is a control.
Door: `SelectionSettings` names the rule, `select` applies it; `acdc.selection.dns` has its parts.
`SelectionPlugin` (rule.py) is what a rule of one's own is made of (docs/extending.md).
"""

from acdc.selection.rule import Individuals, Parents, SelectionPlugin
from acdc.selection.settings import SelectionSettings, select

__all__ = ["Individuals", "Parents", "SelectionPlugin", "SelectionSettings", "select"]
