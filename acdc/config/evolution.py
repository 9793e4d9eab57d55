"""Typed settings of the method: what a preset, an overlay or a variant of ``params.yaml`` may say about evolution.

Every model forbids unknown keys and is frozen. Settings of one mechanism live beside the code of that mechanism; here
they are put together into :class:`EvolutionSettings`, the resolved settings of one run.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from acdc.judging.gibberish import GibberishSettings
from acdc.parsing.section import Section
from acdc.selection.settings import SelectionSettings
from acdc.tasks.settings import ReplaySettings, TaskSettings
from acdc.variation.settings import CrossoverSettings, MutationSettings


class EvolutionSettings(Section):
    """Everything that decides how one run evolves (method §1).

    ``generations`` alone may grow after the fact: a longer run extends a shorter one to the same bytes, so it is
    no part of the settings hash.
    """

    later = ("models", "scientist", "answer_share", "device")

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
    models: Literal["founders"] | ReplaySettings | None = Field(
        None,
        description="no children are made: archives are those of another run, or always the founders",
    )
    candidates_every: int = Field(
        5, ge=1, description="archives of these generations (and the last) are candidates"
    )
    scientist: str | None = Field(
        None,
        description="an entry of `scientists` that writes the tasks; default: the section `scientist`",
    )
    system: str = Field("", description="system message of every prompt in the loop")
    max_new_tokens: int = Field(512, ge=1, description="token budget of an answer in the loop")
    answer_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of max_new_tokens that an answer may use, for variants of any family",
    )
    max_missing: float = Field(
        0.01, ge=0, le=1, description="share of cells that may stay missing before exit 5"
    )
    keep_weights: Literal["archive", "candidates", "none"] = Field(
        "archive", description="whose weights stay on disk; all others are rebuilt from recipes when needed"
    )
    device: Literal["cpu", "cuda"] = Field(
        "cpu", description="where children are computed; another device gives other bits"
    )

    @model_validator(mode="after")
    def _something_evolves(self) -> Self:
        if self.models is not None and self.tasks.replay is not None:
            raise ValueError(
                "models and tasks.replay are both set, so neither models nor tasks would evolve; set one of them"
            )
        return self

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
    """How work is spread: over processes of this machine, or over the workers of a Ray cluster."""

    kind: Literal["local", "ray"] = "local"
    workers: int | None = Field(
        None,
        ge=1,
        description="local: single-thread processes, by default one a core, one a seed; ray: engines, by default as many "
        "as fit into the cluster",
    )
    memory_gigabytes: float = Field(
        1.0,
        gt=0,
        description="weights a run keeps in memory; models of more than half of it are read and written in parts",
    )
    address: str | None = Field(
        None,
        description="ray: HOST:PORT of a cluster, or auto for the one on this machine; by default one is started for "
        "the command and ended with it",
    )
    cpus_per_worker: float = Field(1.0, gt=0, description="ray: CPUs that a worker reserves")
    gpus_per_worker: float = Field(0.0, ge=0, description="ray: GPUs that a worker reserves and sees")
    max_restarts: int = Field(3, ge=0, description="ray: how many lost workers are replaced, all together")
    start_seconds: float = Field(600.0, gt=0, description="ray: how long to wait for a first worker")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        foreign = sorted(self.model_fields_set - {"kind", "workers", "memory_gigabytes"})
        if self.kind == "local" and foreign:
            raise ValueError(f"{foreign[0]} works only with kind: ray")
        if self.address is not None and not _is_address(self.address):
            raise ValueError(
                f"address is {self.address!r}; it must be auto or HOST:PORT of the cluster's head (usually port 6379), "
                "and the command must run on a node of the cluster"
            )
        if self.gpus_per_worker > 1 and self.gpus_per_worker % 1:
            raise ValueError(f"gpus_per_worker is {self.gpus_per_worker:g}; above 1 it must be whole")
        return self


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return text == "auto" or (bool(host) and "/" not in host and port.isdigit())


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
    generations: list[Annotated[int, Field(ge=0)]] = Field(
        [],
        description="choose a task force of each of these generations, too, from what there was by then; "
        "its members are evaluated, and the report shows coverage by generation",
    )
    node_limit: int = Field(2000, ge=1, description="branch-and-bound nodes of the exact solver")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if both := sorted(set(self.forced) & set(self.excluded)):
            raise ValueError(f"{both[0]} is both forced and excluded")
        if "coverage" not in self.rules:
            raise ValueError(
                "the rule coverage must be among the rules; all other rules are compared with it"
            )
        return self
