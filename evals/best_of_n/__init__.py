"""Best-of-N: one final answer out of N, one file for each way to choose it; a judge, numbers, a vote, or chance.

Promises: chance decides ties and missing verdicts, from the generator that is passed.
Door: `select(candidates, rng)` of each way's module, or `select(candidates, rng, ask)` where a judge is needed, returns a `Choice`;
registry.py has them by name, random.py and oracle.py are the bounds. `position_bias` asks a judge in both orders;
`selection_efficiency` says what a way to choose is worth.
"""

from evals.best_of_n.efficiency import Efficiency, selection_efficiency
from evals.best_of_n.selector import Ask, Candidates, Choice, Judge

__all__ = ["Ask", "Candidates", "Choice", "Efficiency", "Judge", "selection_efficiency"]
