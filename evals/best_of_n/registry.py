"""Ways to choose by name."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from acdc.errors import InputError
from acdc.parsing.validation import validate
from acdc.registry import Plugin, Registry
from evals.best_of_n.reward_model import Rewards
from evals.best_of_n.selector import Candidates, Choice, Judge

JUDGE, REWARDS, WORDS = "judge", "reward model", "replies"
"""Needs: a judge or a reward model, which is handed over, and whole replies, which some results withhold."""
NUMBERS = ("token_logprobs", "certainties")
"""Needs: numbers of the engine, as `evals.answering.samples.Given` names them."""

SELECTORS: Registry[Plugin[Callable[..., Choice]]] = Registry("selectors")
"""(candidates, rng) and, in this order, what the plugin needs: judge, rewards, and its settings where it has some."""


def needs(name: str) -> frozenset[str]:
    """What a way to choose needs; a judge and a reward model read whole replies. Raises InputError where it is not there."""
    needed = frozenset(SELECTORS.get(name).needs)
    return needed | {WORDS} if needed & {JUDGE, REWARDS} else needed


def choose(
    name: str,
    candidates: Candidates,
    rng: np.random.Generator,
    judge: Judge | None = None,
    rewards: Rewards | None = None,
    options: Mapping[str, Any] | None = None,
) -> Choice:
    """One of N answers.

    Args:
        name: A way to choose.
        candidates: The answers.
        rng: Decides ties, orders and missing verdicts.
        judge: Needed by monarch, tournament and score.
        rewards: Needed by reward_model.
        options: Settings of a plugin (`best_of_n.options`).

    Returns:
        What was chosen; of one answer that one, and no judge is asked.

    Raises:
        InputError: There is no such way, it needs a judge, rewards or numbers that are not there, or it returns no answer's place.
    """
    try:
        plugin = SELECTORS.get(name)
    except InputError as error:
        raise InputError(f"best of N: {error}") from None
    given: list[Any] = []
    for need, there in ((JUDGE, judge), (REWARDS, rewards)):
        if need in plugin.needs:
            given.append(there)
    if len(candidates.replies) == 1 and REWARDS not in plugin.needs:
        return Choice(0)
    if None in given:
        raise InputError(f"best of N: {name} needs a {JUDGE if JUDGE in plugin.needs else REWARDS}")
    if plugin.settings is not None:
        given.append(validate(plugin.settings, dict(options or {}), f"best_of_n.options.{name}"))
    found = plugin.call(candidates, rng, *given)
    if not 0 <= found.index < len(candidates.replies):
        raise InputError(f"best of N: {name} chose answer {found.index} of {len(candidates.replies)}")
    return found
