"""Typed settings of the method: what a preset, an overlay or a variant of ``params.yaml`` may say about evolution.

Every model forbids unknown keys and is frozen. Settings of one mechanism live beside the code of that mechanism; here
they are put together into :class:`EvolutionSettings`, the resolved settings of one run.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from acdc.gibberish import GibberishSettings
from acdc.selection.settings import SelectionSettings
from acdc.tasks.settings import TaskSettings
from acdc.variation.settings import CrossoverSettings, MutationSettings


class Section(BaseModel):
    """A section of ``params.yaml``: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EvolutionSettings(Section):
    """Everything that decides how one run evolves (method §1).

    ``generations`` alone may grow after the fact: a longer run extends a shorter one to the same bytes, so it is
    no part of the settings hash.
    """

    generations: int = Field(50, ge=0, description="generations to run; more than before extend a run")
    population: int = Field(16, ge=2, description="archive size after selection")
    offspring: int = Field(8, ge=1, description="children bred in each generation")
    parents: Literal["archive", "seeds"] = Field(
        "archive",
        description="where parents are drawn from; 'seeds' turns search into random merging of the seeds",
    )
    crossover: CrossoverSettings = CrossoverSettings()
    mutation: MutationSettings = MutationSettings()
    selection: SelectionSettings = SelectionSettings()
    tasks: TaskSettings = TaskSettings()
    gibberish: GibberishSettings = GibberishSettings()
    candidates_every: int = Field(
        5, ge=1, description="archives of these generations (and the last) are candidates"
    )
    scientist: str | None = Field(
        None,
        description="an entry of `scientists` that writes the tasks; default: the section `scientist`",
        exclude_if=lambda value: value is None,
    )
    system: str = Field("", description="system message of every prompt in the loop")
    max_new_tokens: int = Field(512, ge=1, description="token budget of an answer in the loop")
    answer_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of max_new_tokens that an answer may use, for variants of any family",
        exclude_if=lambda value: value == 1,
    )
    max_missing: float = Field(
        0.01, ge=0, le=1, description="share of cells that may stay missing before exit 5"
    )
    keep_weights: Literal["archive", "candidates", "none"] = Field(
        "archive", description="whose weights stay on disk; all others are rebuilt from recipes when needed"
    )

    @property
    def answer_tokens(self) -> int:
        """Token budget of an answer in the loop, at least 1."""
        return max(1, round(self.max_new_tokens * self.answer_share))


class Selected(Section):
    """Which cells of families × variants × run seeds the pipeline runs."""

    families: list[str] = Field(min_length=1)
    variants: list[str] = Field(min_length=1)
    seeds: list[int] = Field(min_length=1, description="run seeds; a single run means nothing")


class ExecutorSettings(Section):
    """How run seeds and evaluations are spread over processes."""

    kind: Literal["local"] = "local"
    workers: int | None = Field(
        None, ge=1, description="single-thread processes; default: one a core, one a seed"
    )


class TaskforceSettings(Section):
    """How the task force is chosen (method §5). The same for every variant, so that none has more to
    choose from; how many tasks it is chosen by is ``evolution.tasks.choice_tasks``.
    """

    sizes: list[Annotated[int, Field(ge=1)]] = Field([1, 2, 3, 4, 5, 6, 7, 8], min_length=1)
    rules: list[Literal["coverage", "fitness", "random", "dns"]] = Field(
        ["coverage", "fitness", "random"], description="rules of choice; coverage is always among them"
    )
    candidates: int | None = Field(None, ge=1, description="thin the candidates to this many, drawn by seed")
    forced: list[str] = Field([], description="seeds that every task force must contain")
    excluded: list[str] = Field([], description="seeds that no task force may contain")
    node_limit: int = Field(2000, ge=1, description="branch-and-bound nodes of the exact solver")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if both := sorted(set(self.forced) & set(self.excluded)):
            raise ValueError(f"{both[0]} is both forced and excluded")
        if "coverage" not in self.rules:
            raise ValueError("the rule coverage must be among the rules: everything else is compared with it")
        return self
