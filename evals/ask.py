"""Ask a task force: N members answer a question, and one way to choose among answers says which is final.

The members answer as they did during evolution: chat template, the run's system message and token budget, greedily. What a member
answered is shown whole; what is compared and returned is the answer extracted from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from acdc.engines.engine import Answer, Capabilities, DeclaredEngine, Request, Sampling
from acdc.errors import InputError
from acdc.judging.extract import extract
from evals.best_of_n.registry import JUDGE, NUMBERS, REWARDS, SELECTORS, choose, needs
from evals.best_of_n.reward_model import Rewards
from evals.best_of_n.selector import Candidates, Choice, Judge

if TYPE_CHECKING:
    from torch import Tensor


class Member(NamedTuple):
    """A model of the task force: its id, the hash of its weights, and what makes them."""

    id: str
    weights_hash: str
    load: "Callable[[], Mapping[str, Tensor]]"


@dataclass(frozen=True)
class Said:
    """What a member answered.

    Attributes:
        model: Its id.
        reply: The whole reply.
        answer: What was extracted from it.
        cut_off: The token budget ended it.
    """

    model: str
    reply: str
    answer: str
    cut_off: bool


@dataclass(frozen=True)
class Answered:
    """A question with its answers.

    Attributes:
        question: As it was asked.
        answers: One for each member, in order of choice.
        selector: How the final one was chosen.
        chosen: Its position.
        calls: How often a judge or reward model was asked.
        unparsable: How many of its replies were no verdict.
        drawn: Chance decided: a tie, or no verdict.
    """

    question: str
    answers: tuple[Said, ...]
    selector: str
    chosen: int
    calls: int
    unparsable: int
    drawn: bool

    @property
    def final(self) -> Said:
        """The chosen answer."""
        return self.answers[self.chosen]


@dataclass(frozen=True)
class Chooser:
    """How the final answer is chosen.

    Attributes:
        selector: A way to choose (`acdc plugins selectors`).
        rng: Decides ties, orders and missing verdicts.
        judge: For the selectors that ask one.
        rewards: For the selectors that need a reward model.
        options: Settings of the selector, where it is a plugin.
    """

    selector: str
    rng: np.random.Generator
    judge: Judge | None = None
    rewards: Rewards | None = None
    options: Mapping[str, Any] | None = None

    def choose(self, candidates: Candidates) -> Choice:
        """The choice among the candidates. Raises InputError where a judge or a reward model is needed and none is given."""
        return choose(self.selector, candidates, self.rng, self.judge, self.rewards, self.options)


def require_selector(name: str, *, judge: bool, rewards: bool) -> None:
    """Refuse a way to choose that does not exist or lacks what it needs, before any model is loaded.

    Args:
        name: As the user gave it.
        judge: Whether a judge is configured.
        rewards: Whether a reward model is named.

    Raises:
        InputError: Says what to give.
    """
    try:
        needed = needs(name)
    except InputError as error:
        raise InputError(f"--select {name}: {error}") from None
    if JUDGE in needed and not judge:
        own = sorted(entry.name for entry in SELECTORS.entries() if entry.built_in)
        free = ", ".join(one for one in own if not needs(one) & {JUDGE, REWARDS})
        raise InputError(
            f"--select {name}: this selector needs a judge model. Set base_url and model in best_of_n.judge (or "
            "judges.answers) of params.yaml, or with -S 'best_of_n.judge={base_url: http://localhost:8000/v1, model: …}'; "
            f"without a judge: {free}"
        )
    if REWARDS in needed and not rewards:
        raise InputError(
            f"--select {name}: name a checkpoint with --reward-model DIR, or best_of_n.reward_model"
        )


def ask(
    engine: DeclaredEngine,
    members: Sequence[Member],
    question: str,
    chooser: Chooser,
    *,
    system: str = "",
    max_new_tokens: int = 512,
) -> Answered:
    """All answers and the final one.

    Args:
        engine: Of the members' family; their weights are swapped in.
        members: In order of choice, at least one.
        question: Asked of each.
        chooser: Says which answer is final.
        system: System message.
        max_new_tokens: Budget of each answer.

    Raises:
        InputError: The question is empty or does not fit into the model's context, or the selector lacks what it needs; where the
            engine does not give its numbers, before a model is asked.
        InfrastructureError: The judge is out of reach.
    """
    _require_numbers(chooser.selector, engine.capabilities)
    if not question.strip():
        raise InputError("the question is empty: give it as an argument or on standard input")
    answers = []
    for member in members:
        if engine.weights_hash != member.weights_hash:
            engine.load(member.load(), member.weights_hash)
        request = Request(engine.chat(question, system))
        answers += engine.generate([request], Sampling(max_new_tokens=max_new_tokens))
    said = tuple(
        Said(member.id, answer.text, extract(answer.text, is_code=False), answer.finish == "length")
        for member, answer in zip(members, answers, strict=True)
    )
    choice = chooser.choose(_candidates(question, said, answers))
    return Answered(
        question, said, chooser.selector, choice.index, choice.calls, choice.unparsable, choice.drawn
    )


def _require_numbers(selector: str, promised: Capabilities) -> None:
    given = dict(zip(NUMBERS, (promised.logprobs, promised.certainties), strict=True))
    if not all(there for part, there in given.items() if part in needs(selector)):
        raise InputError(
            f"--select {selector}: this engine does not give the numbers that the selector needs; engine.kind: transformers gives those of "
            "logprob and self_certainty, vllm those of logprob"
        )


def _candidates(question: str, said: Sequence[Said], answers: Sequence[Answer]) -> Candidates:
    return Candidates(
        question,
        tuple(one.reply for one in said),
        tuple(one.answer for one in said),
        _known(answers, tuple(answer.logprobs for answer in answers)),
        _known(answers, tuple(answer.certainties for answer in answers)),
    )


def _known(
    answers: Sequence[Answer], numbers: tuple[tuple[float, ...], ...]
) -> tuple[tuple[float, ...], ...] | None:
    """None where the engine does not give these numbers."""
    given = all(len(mine) == len(answer.tokens) for mine, answer in zip(numbers, answers, strict=True))
    return numbers if given else None
