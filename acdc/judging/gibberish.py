"""The minimal criterion for models: an individual whose outputs are unreadable, repetitive or garbled is dropped.

A judge is shown a few outputs of each individual, drawn from a stream of their own, and says yes or no for each individual. An
outage is an error (:class:`acdc.errors.InfrastructureError`), never a pass. Seeds are exempt; the loop sees to that.

The offline judge reads four statistics, all of them deterministic and none of them about right or wrong:

- *repetition* of an output of at least ``min_chars`` characters: 1 − (different runs of 4 characters / all runs of 4), which is
  about 0.1–0.5 for prose and code of some hundred words and goes to 1 for a loop;
- *entropy* of its characters in bits: prose has about 4, code up to 5, one letter for ever 0;
- *garbled*: share of its characters that are control characters or U+FFFD, what undecodable bytes become;
- *cut off*: share of the outputs that ended by the token limit.

An output is bad when it is empty or one of the first three is outside its limits. An individual is gibberish when more than half
of its outputs are bad, or when more than ``max_cut`` of them were cut off. It does not see fluent nonsense: that takes a model.

Source: section 4 of the method (the published judge is a language model).
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, Protocol, TypeVar

from pydantic import Field

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import fixed, in_percent
from acdc.numbers.margins import Margins
from acdc.parsing.section import Section
from acdc.streams import stream

Share = Annotated[float, Field(ge=0, le=1)]

_RUN = 4  # characters; long enough that prose seldom repeats one, short enough to see loops of any period


class GibberishSettings(Section):
    """The gibberish filter.

    Attributes:
        enabled: Whether individuals are dropped at all.
        kind: statistic: the offline judge; llm: a language model (section ``judges`` of params.yaml names it), and the offline
            judge where its reply holds no verdict.
        outputs: Outputs of an individual that are shown.
        min_chars: Shorter outputs are not tested for repetition and entropy: the right answer may be "aaa".
        max_repetition: Above it an output repeats itself.
        min_entropy: Bits a character; below it an output says nothing.
        max_entropy: Bits a character; above it an output is noise. Scripts with many characters need more than Latin ones.
        max_garbled: Above it an output is undecodable.
        max_cut: An individual of whose outputs a larger share was cut off is dropped; 1 never drops one for that.
    """

    enabled: bool = True
    kind: Literal["statistic", "llm"] = "statistic"
    outputs: int = Field(default=3, ge=1)
    min_chars: int = Field(default=24, ge=_RUN)
    max_repetition: Share = 0.8
    min_entropy: float = Field(default=1.0, ge=0)
    max_entropy: float = Field(default=7.5, ge=0)
    max_garbled: Share = 0.1
    max_cut: Share = 0.9


class Output(Protocol):
    """What is read of an answer (:class:`acdc.engines.engine.Answer` is one)."""

    @property
    def text(self) -> str:
        """The decoded text."""
        ...

    @property
    def finish(self) -> Literal["stop", "length"]:
        """Why it ended."""
        ...


Answer = TypeVar("Answer", bound=Output)


class Finding(NamedTuple):
    """The verdict on one individual, and why, for a person."""

    gibberish: bool
    reason: str


class GibberishJudge(Protocol):
    """Says of each individual whether its outputs are gibberish."""

    @property
    def version(self) -> str:
        """Everything that can change a verdict; goes into the settings hash."""
        ...

    def judge(self, individuals: Sequence[Sequence[Output]]) -> list[Finding]:
        """One finding for each individual, in order.

        Raises:
            NotEnoughDataError: An individual comes without outputs.
            InfrastructureError: The judge is out of reach.
        """
        ...


def shown(answers: Sequence[Answer], count: int, seed: int, individual: str) -> list[Answer]:
    """The outputs of an individual that a judge sees: ``count`` (or all, if fewer) without replacement, in their order."""
    chosen = stream(seed, "gibberish outputs", individual).permutation(len(answers))[:count]
    return [answers[i] for i in sorted(int(i) for i in chosen)]


def repetition(text: str) -> float:
    """Share of runs of four characters that occurred before, in [0, 1]; 0 for texts shorter than that."""
    runs = [text[i : i + _RUN] for i in range(len(text) - _RUN + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def entropy(text: str) -> float:
    """Shannon entropy of the characters, bits a character; 0 for the empty text."""
    shares = [count / len(text) for count in Counter(text).values()]
    return math.fsum(-share * math.log2(share) for share in shares)


def garbled(text: str) -> float:
    """Share of control characters (but white space) and U+FFFD, in [0, 1]; 0 for the empty text."""
    bad = sum(
        one == "\ufffd" or (unicodedata.category(one) in ("Cc", "Cn", "Co", "Cs") and not one.isspace())
        for one in text
    )
    return bad / len(text) if text else 0.0


class StatisticJudge:
    """The offline judge.

    Args:
        settings: Its limits.
        margins: Takes how near outputs came to them.
    """

    def __init__(self, settings: GibberishSettings | None = None, margins: Margins | None = None) -> None:
        self._settings = settings or GibberishSettings()
        self._margins = margins or Margins()

    @property
    def version(self) -> str:
        """Name and revision; its limits are settings."""
        return "statistic-1"

    def judge(self, individuals: Sequence[Sequence[Output]]) -> list[Finding]:
        """One finding for each individual, in order; see the protocol."""
        return [self._finding(outputs) for outputs in individuals]

    def _finding(self, outputs: Sequence[Output]) -> Finding:
        if not outputs:
            raise NotEnoughDataError(
                "An individual without outputs cannot be judged; it must answer at least one task."
            )
        cut = sum(output.finish == "length" for output in outputs) / len(outputs)
        if self._margins.compare("gibberish share", cut, self._settings.max_cut) > 0:
            return Finding(True, f"{in_percent(cut, 0)}% of the outputs ended by the token limit")
        problems = [problem for output in outputs if (problem := self._problem(output.text))]
        return Finding(2 * len(problems) > len(outputs), "; ".join(problems))

    def _problem(self, text: str) -> str:
        """What is wrong with one output; "" where nothing is."""
        limits, compare = self._settings, self._margins.compare
        if not text.strip():
            return "empty"
        if compare("gibberish share", share := garbled(text), limits.max_garbled) > 0:
            return f"{in_percent(share, 0)}% undecodable"
        if len(text) < limits.min_chars:
            return ""
        if compare("gibberish share", share := repetition(text), limits.max_repetition) > 0:
            return f"repetition {fixed(share, 2)}"
        bits = entropy(text)
        low, high = (
            compare("gibberish entropy", bits, limit) for limit in (limits.min_entropy, limits.max_entropy)
        )
        if low < 0 or high > 0:
            return f"entropy {fixed(bits, 1)} bits a character"
        return ""
