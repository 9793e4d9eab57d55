"""What every way to choose one of N answers shares: what it is given, what it says, and judges with strict verdicts."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from acdc.errors import InputError

Ask = Callable[[str], str]
"""A judge: one prompt to one reply."""

Verdict = TypeVar("Verdict")
PRECISION = 1e-4
"""Scores that differ by no more are equal: logits are float32, so the sixth digit of a mean of them hangs on the processor."""


@dataclass(frozen=True)
class Candidates:
    """The N answers to one question. No selector sees which is right.

    Attributes:
        question: As it was asked.
        replies: (N,) whole replies.
        answers: (N,) the extracted answers; the replies themselves where nothing is extracted.
        token_logprobs: (N,) log-probabilities of the tokens of each reply, or their mean alone, where the engine gave them.
        certainties: (N,) self-certainty of each token of each reply, or their mean alone, where the engine gave it: the
            divergence of the next-token distribution from the uniform one (arXiv:2502.18581).
    """

    question: str
    replies: tuple[str, ...]
    answers: tuple[str, ...]
    token_logprobs: tuple[tuple[float, ...], ...] | None = None
    certainties: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        """Checks the lengths; raises InputError."""
        parts = [self.answers, self.token_logprobs, self.certainties]
        if not self.replies or any(part is not None and len(part) != len(self.replies) for part in parts):
            raise InputError(
                "candidates: replies, answers and numbers per token must be as many, and at least one"
            )


@dataclass(frozen=True)
class Choice:
    """What a selector chose.

    Attributes:
        index: Position of the chosen answer.
        calls: How often a judge was asked.
        unparsable: How many of its replies were no verdict.
        drawn: Whether chance decided: a tie, or no verdict at all.
    """

    index: int
    calls: int = 0
    unparsable: int = 0
    drawn: bool = False


@dataclass
class Judge:
    """A judge whose replies are verdicts or nothing; counts both.

    Attributes:
        ask: Who judges.
        known: Replies by prompt; what is there is not asked again. Pass a mapping that outlives this object to keep them.
        calls: Prompts sent.
        unparsable: Verdicts that were wanted and not given.
    """

    ask: Ask
    known: MutableMapping[str, str] = field(default_factory=dict)
    calls: int = field(default=0, init=False)
    unparsable: int = field(default=0, init=False)

    def verdict(self, prompt: str, parse: Callable[[str], Verdict | None]) -> Verdict | None:
        """The parsed reply; None, and counted, where the judge gave no verdict ("maybe", nothing, two verdicts)."""
        if prompt not in self.known:
            self.calls += 1
            self.known[prompt] = self.ask(prompt)
        found = parse(self.known[prompt])
        self.unparsable += found is None
        return found


def best(scores: Sequence[float], rng: np.random.Generator) -> tuple[int, bool]:
    """The position of the largest number, and whether several come within :data:`PRECISION` of it; then one of these is drawn.

    Raises:
        InputError: A number is not finite.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"score {int(np.argmin(np.isfinite(values)))} of an answer is not a finite number")
    top = np.flatnonzero(values.max() - values <= PRECISION)
    return (int(top[0]), False) if len(top) == 1 else (int(rng.choice(top)), True)


def best_mean(tokens: Sequence[Sequence[float]], rng: np.random.Generator) -> tuple[int, bool]:
    """:func:`best` of the means of numbers per token; a reply without tokens loses against any other."""
    means = [float(np.mean(values)) if len(values) else None for values in tokens]
    floor = min((mean for mean in means if mean is not None), default=0.0) - 1.0
    return best([floor if mean is None else mean for mean in means], rng)
