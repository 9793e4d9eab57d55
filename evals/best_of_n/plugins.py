"""The built-in ways to choose, as pyproject.toml registers them."""

from acdc.registry import Plugin
from evals.best_of_n import (
    logprob,
    majority,
    monarch,
    random,
    reward_model,
    score,
    self_certainty,
    tournament,
)
from evals.best_of_n.registry import JUDGE, REWARDS

MAJORITY = Plugin(majority.select)
LOGPROB = Plugin(logprob.select, needs=("token_logprobs",))
SELF_CERTAINTY = Plugin(self_certainty.select, needs=("certainties",))
RANDOM = Plugin(random.select)
MONARCH = Plugin(monarch.select, needs=(JUDGE,), cost="one call a question")
TOURNAMENT = Plugin(tournament.select, needs=(JUDGE,), cost="N - 1 calls a question")
SCORE = Plugin(score.select, needs=(JUDGE,), cost="N calls a question")
REWARD_MODEL = Plugin(reward_model.select, needs=(REWARDS,), cost="N rewards a question")
