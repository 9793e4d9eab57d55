"""Selection items: the N answers to one question, and the final answer that each selector picks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from acdc.streams import stream
from evals.answering.samples import Given
from evals.best_of_n.equivalence import normal_form
from evals.best_of_n.judge_rounds import Rounds
from evals.best_of_n.majority import leaders
from evals.best_of_n.registry import choose
from evals.best_of_n.reward_model import Rewards
from evals.best_of_n.selector import Candidates, Choice, Judge


@dataclass(frozen=True)
class SelectionItem:
    """N answers to one question.

    Attributes:
        key: Its name; the random stream of its draws hangs on it.
        question: The question's text; empty where no way to choose reads it.
        given: (N,) answers.
        right: (N,) whether each is right. No selector sees it.
    """

    key: tuple[str | int, ...]
    question: str
    given: tuple[Given, ...]
    right: tuple[bool, ...]

    def candidates(self) -> Candidates:
        """What a selector sees."""
        logprobs = [one.token_logprobs for one in self.given]
        certainties = [one.certainties for one in self.given]
        return Candidates(
            self.question,
            tuple(one.reply or "" for one in self.given),
            tuple(one.answer for one in self.given),
            None if None in logprobs else tuple(value for value in logprobs if value is not None),
            None if None in certainties else tuple(value for value in certainties if value is not None),
        )


class Outcome(NamedTuple):
    """The result of a selector on one item.

    Attributes:
        chance: That the chosen answer is right.
        drawn: Whether chance decided.
        calls: Verdicts or rewards that were asked for.
        unparsable: Of these, how many were none.
    """

    chance: float
    drawn: bool
    calls: int = 0
    unparsable: int = 0


def by_majority(item: SelectionItem, maths: bool | None) -> Outcome:
    """The expectation over tied groups: nothing is drawn, though chance would decide."""
    tied = leaders([one.answer for one in item.given], maths)
    chance = sum(item.right[members[0]] for members in tied) / len(tied)
    return Outcome(chance, len(tied) > 1)


def by_selector(
    name: str, item: SelectionItem, seed: int, rewards: Rewards | None, options: Mapping[str, Any]
) -> Outcome:
    """By a way to choose that asks no judge; raises InputError where the answers come without its numbers."""
    rng = _rng(name, item, seed)
    return _outcome(item, choose(name, item.candidates(), rng, rewards=rewards, options=options))


def by_judge(
    name: str, items: Sequence[SelectionItem], rounds: Rounds, seed: int, options: Mapping[str, Any]
) -> list[Outcome]:
    """By a judge, all items at once (:mod:`evals.best_of_n.judge_rounds`)."""

    def task(item: SelectionItem) -> Callable[[Judge], Choice]:
        candidates = item.candidates()
        return lambda judge: choose(name, candidates, _rng(name, item, seed), judge, options=options)

    tasks = [task(item) for item in items]
    rounds.settle(tasks)
    return [_outcome(item, one(rounds.judge())) for item, one in zip(items, tasks, strict=True)]


def differing_pair(item: SelectionItem) -> tuple[str, str, str] | None:
    """Question and the first two replies whose answers differ, for a look at a judge's bias; None where all agree."""
    first = item.given[0]
    for other in item.given[1:]:
        if first.reply and other.reply and normal_form(first.answer) != normal_form(other.answer):
            return item.question, first.reply, other.reply
    return None


def _rng(name: str, item: SelectionItem, seed: int) -> np.random.Generator:
    return stream(seed, "best of n", name, *item.key)


def _outcome(item: SelectionItem, choice: Choice) -> Outcome:
    return Outcome(float(item.right[choice.index]), choice.drawn, choice.calls, choice.unparsable)
