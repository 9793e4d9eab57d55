"""A way to choose one of N answers: a vote in which each reply weighs as much as the model was sure of its tokens."""

import math

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from acdc.registry import Plugin
from evals.best_of_n import Candidates, Choice
from evals.best_of_n.equivalence import group


class ConfidentVote(BaseModel):
    """The settings: ``best_of_n.options.confident_vote``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(1.0, gt=0)  # small: the surest reply decides; large: the majority


def select(candidates: Candidates, rng: np.random.Generator, settings: ConfidentVote) -> Choice:
    """The first reply of the heaviest group of equivalent answers; ties are drawn."""
    means = [float(np.mean(tokens)) if tokens else -math.inf for tokens in candidates.token_logprobs or ()]
    weights = [math.exp(mean / settings.temperature) for mean in means]
    groups = group(candidates.answers)
    votes = [math.fsum(weights[i] for i in places if candidates.answers[i].strip()) for places in groups]
    top = [places for places, vote in zip(groups, votes, strict=True) if max(votes) - vote < 1e-9]
    chosen = top[int(rng.integers(len(top)))] if len(top) > 1 else top[0]
    return Choice(chosen[0], drawn=len(top) > 1)


PLUGIN = Plugin(select, ConfidentVote, needs=("token_logprobs",), cost="nothing")
