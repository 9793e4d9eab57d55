"""Best-of-N: one final answer out of N, one file for each way to choose it.

    majority          the answer that most give, equivalent ones together
    monarch           one judge call over all answers
    tournament        a judge decides between two at a time, knock-out in random order
    score             a judge gives each a number from 1 to 10
    logprob           mean log-probability of the tokens
    self_certainty    mean certainty of the next-token distributions
    reward_model      a classifier with one output rates each
    random, oracle    the bounds: any answer, and any right answer (which is Coverage)

`select(candidates, rng)`, or `select(candidates, rng, ask)` where a judge is needed, returns a `Choice`. Chance decides
ties and missing verdicts, from the generator that is passed. `position_bias` asks a judge in both orders;
`selection_efficiency` says what a way to choose is worth.
"""

from evals.best_of_n.efficiency import Efficiency, selection_efficiency
from evals.best_of_n.selector import Ask, Candidates, Choice, Judge

__all__ = ["Ask", "Candidates", "Choice", "Efficiency", "Judge", "selection_efficiency"]
