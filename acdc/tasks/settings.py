"""Settings of tasks, their scientist and their novelty: sections of params.yaml."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from acdc.chat.settings import Instruction
from acdc.parsing.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


# A setting that came later leaves the settings hash of runs that do not use it as it was.
class NoveltySettings(Section):
    """Which new tasks are new enough.

    Attributes:
        mode: embedding: rejected where a neighbour is at the threshold; scientist: the nearest are always shown to it and it
            decides; both (published): those at the threshold are shown to it, where there are none the task is new; none: all are new. (Not "off", which YAML 1.1 reads as false.)
        threshold: Cosine from which a neighbour counts as near. 0.7 is the published one for e5-mistral embeddings of free
            text; another embedder needs another.
        neighbours: How many nearest tasks of all history are looked at.
        applies_to: novel: every kind but harder and easier, which are similar by construction; all: these too.
    """

    mode: Literal["embedding", "scientist", "both", "none"] = "both"
    threshold: float = Field(default=0.7, ge=-1, le=1)
    neighbours: Count = 3
    applies_to: Literal["novel", "all"] = "novel"


class ReplaySettings(Section):
    """Another run of the family that is replayed (:mod:`acdc.runs.replay`).

    Attributes:
        variant: Its variant.
        seed_offset: Its run seed is this run's plus this.
    """

    variant: str
    seed_offset: int = 1


class TaskSettings(Section):
    """The task pool and how it evolves; defaults are the published numbers.

    Attributes:
        initial_target: Tasks that have passed their checks at which the initial pool stops asking for more.
        initial_attempts: Requests after which it stops in any case.
        p_novel: Share of initial requests for a novel task; the others ask for a similar one.
        micro_batch: Requests that are sent to the scientist together.
        cap: Most active tasks; the oldest leave.
        interval: Generations from one evolution of the pool to the next.
        adapt: Parents drawn, with replacement, at each evolution.
        easy_threshold: A parent with a pass rate above it is made harder.
        hard_threshold: A parent with a pass rate below it is made easier (released: 0, so that none ever is).
        p_related: Share of the other parents that get a related task; the rest a free one.
        inspirations: Tasks shown beside the parent, drawn afresh for each request.
        pass_score: A score from which on an answer passes.
        examples_per_task: Examples of each family that an individual answers.
        reflections: Rounds in which the scientist may repair a task.
        require_self_solve: The scientist's own solution of the first example must score 1.
        code_seed_tasks: Whether seed tasks whose answer is code are among the seeds.
        novelty: Which tasks are new enough.
        static: Nothing evolves after the initial pool.
        choice_tasks: Tasks by which the task force is chosen; a static pool holds as many. None: all ever active.
        static_active: Which ``cap`` of a static pool's tasks are active. rotating: a window over the pool in an order drawn
            by seed moves on by ``adapt`` tasks at each interval, the turnover that an evolving pool has at most, and all of
            them have been active in the end; fixed: the first ``cap`` of that order for good.
        source: A file of tasks (:mod:`acdc.tasks.task_file`) that are the static pool; no scientist writes any. The settings hash holds the
            hash of its contents in place of its path.
        replay: The pools of another run, generation by generation; no scientist writes tasks.
    """

    later = ("code_seed_tasks", "source", "replay")

    initial_target: Count = 300
    initial_attempts: Count = 900
    p_novel: Share = 0.8
    micro_batch: Count = 10
    cap: Count = 250
    interval: Count = 5
    adapt: int = Field(default=150, ge=0)
    easy_threshold: Share = 0.5
    hard_threshold: Share = 0.1
    p_related: Share = 0.8
    inspirations: int = Field(default=3, ge=0)
    pass_score: Share = 0.5
    examples_per_task: Count = 1
    reflections: int = Field(default=3, ge=0)
    require_self_solve: bool = True
    code_seed_tasks: bool = True
    novelty: NoveltySettings = NoveltySettings()
    static: bool = False
    choice_tasks: Count | None = None
    static_active: Literal["rotating", "fixed"] = "rotating"
    source: Path | None = None
    replay: ReplaySettings | None = None

    @property
    def evolves(self) -> bool:
        """Whether the scientist writes tasks after the initial pool."""
        return not self.static and self.source is None and self.replay is None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.initial_attempts < self.initial_target:
            raise ValueError("initial_attempts must be at least initial_target")
        if self.hard_threshold > self.easy_threshold:
            raise ValueError("hard_threshold must not exceed easy_threshold")
        if self.replay is not None and (self.static or self.source is not None):
            raise ValueError("replay takes the tasks of another run, so static and source must not be set")
        return self


class ScientistSettings(Section):
    """Who writes the tasks, where no language model does (that is :class:`acdc.chat.settings.LLMScientistSettings`).

    Attributes:
        kind: grammar: the embedded one, which writes task families over the tiny family's skills.
        examples: Example tasks in each family that it writes.
        alike: A task is of no interest when as many of the neighbours shown ask the same skill in the same words at the same
            difficulty, with other inputs.
        hardest: It thinks of nothing more difficult; below 4 of no chains of skills. None: of everything up to 5.
        domains: It thinks of these domains alone (strings, arithmetic, lists). None: of all.
    """

    later = ("hardest", "domains")

    kind: Literal["grammar"] = "grammar"
    examples: int = Field(default=4, ge=3, le=5)
    alike: int = Field(default=2, ge=1)
    hardest: int | None = Field(default=None, ge=1, le=5)
    domains: tuple[Literal["strings", "arithmetic", "lists"], ...] | None = Field(default=None, min_length=1)


class EmbedderSettings(Section):
    """What turns the text of a task into a vector.

    Attributes:
        kind: hashing: the embedded one, hashed character and word n-grams.
        dimensions: Length of the vector.
    """

    kind: Literal["hashing"] = "hashing"
    dimensions: int = Field(default=2048, ge=64)


class SentenceTransformersSettings(Section):
    """A sentence-transformers model turns the text of a task into a vector, in this process.

    Attributes:
        kind: sentence_transformers.
        path: Its directory; nothing is fetched. What it holds is part of the settings hash, where it lies is not.
        instruction: The form in which the model wants a text, with ``{text}`` in its place; the text alone for most.
        device: As torch names it: cpu, cuda, mps.
    """

    kind: Literal["sentence_transformers"] = "sentence_transformers"
    path: Path
    instruction: Instruction = "{text}"
    device: str = "cpu"
