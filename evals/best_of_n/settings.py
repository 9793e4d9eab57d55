"""The section `best_of_n` of params.yaml: which ways to choose one final answer are tried, and with what."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from acdc.chat.settings import JudgeSettings
from acdc.errors import InputError
from acdc.parsing.section import Section
from acdc.parsing.validation import nearest, validate
from evals.best_of_n.registry import SELECTORS

if TYPE_CHECKING:
    from acdc.config.config import Config

PUBLISHED = {"choice": "tournament", "maths": "monarch", "code": "reward_model"}
"""Published choice for each kind of benchmark; of another kind the majority chooses."""


class BestOfNSettings(Section):
    """How one final answer is chosen out of N; random and oracle are always there as bounds.

    Attributes:
        selectors: Ways to choose (`evals.best_of_n`). "published" chooses by kind of benchmark: tournament for multiple choice,
            monarch for maths, reward model for code. One that lacks what it needs is reported as not run, with the reason.
        judge: A language model for monarch, tournament and score.
        reward_model: A sequence-classification checkpoint with one output and a chat template.
        sets: Sets of N answers that are chosen from for each question, where a rival has more than N samples; judges see the
            first set only.
        options: Settings of ways to choose that are plugins, by name.
        bias_pairs: Pairs that a judge is shown in both orders, to say how often a place wins instead of an answer.
    """

    selectors: tuple[str, ...] = ("majority", "logprob", "self_certainty", "published")
    judge: JudgeSettings | None = None
    reward_model: Path | None = None
    sets: Annotated[int, Field(ge=1)] = 4
    bias_pairs: Annotated[int, Field(ge=0)] = 64
    # Written only where it is used, so that documents are what they were without it.
    options: dict[str, dict[str, Any]] = Field({}, exclude_if=lambda value: not value)

    def check(self, config: "Config") -> None:
        """Selectors must exist, and take the options that are there for them.

        Raises:
            InputError: Names the entry.
        """
        known = ["published", *(name for name in SELECTORS.names() if name != "random")]
        for name in self.selectors:
            if name not in known and ":" not in name:
                raise InputError(f"best_of_n.selectors: there is no {name!r}; {nearest(name, known)}")
            try:
                model = None if name == "published" else SELECTORS.get(name).settings
            except InputError as error:
                raise InputError(f"best_of_n.selectors: {error}") from None
            where, given = f"best_of_n.options.{name}", self.options.get(name, {})
            if model is not None:
                validate(model, given, where)
            elif given:
                raise InputError(f"{where}: {name} takes no options")


def settings_of(config: "Config") -> BestOfNSettings:
    """The section `best_of_n`, or its defaults where it is not registered."""
    section = config.sections.get("best_of_n", BestOfNSettings())
    assert isinstance(section, BestOfNSettings)
    return section


def kind_of(benchmark: str) -> str:
    """The kind of a benchmark's answers: maths, choice, code, text, or nothing where it is not known."""
    fitting = [(len(begin), kind) for begin, kind in _kinds() if benchmark.startswith(begin)]
    return max(fitting)[1] if fitting else ""


@functools.cache
def _kinds() -> tuple[tuple[str, str], ...]:
    from acdc.parsing.yaml import read_yaml_file

    kinds = read_yaml_file(Path(__file__).parent / "kinds.yaml")
    return tuple((begin, kind) for kind, begins in kinds.items() for begin in begins)
