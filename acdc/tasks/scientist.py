"""The scientist: it writes task families, and answers the few questions that the pool asks.

An implementation is a class with the methods of :class:`Scientist`. The pool sends requests in micro-batches of a fixed order;
an implementation may answer them concurrently but returns its answers in the order of the requests, one each. It draws only
from the stream whose key comes with each request, so that neither its neighbours nor the order of completion matter.

Checking, repairing and solving are steps of their own (:mod:`acdc.tasks.reflection`), the same for every scientist.
An outage is raised as :class:`acdc.errors.InfrastructureError`; what is wrong with a reply is a :class:`Rejection`.

Source: section 4 of the method; arXiv:2604.14969v1, section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, Self

from acdc.tasks.task_family import Kind, Provenance, TaskFamily

Reason = Literal[
    "reply",  # the scientist had nothing to offer: no harder or easier task exists, an empty or refused reply
    "parse",  # the reply is no task family
    "runs-not",  # the source does not run in the sandbox, or describes no tasks
    "not-done",  # the scientist never called it done
    "self-solve",  # score does not give the scientist's own solution 1
    "too-long",  # instructions and the longest reply do not fit into the context of the models that are to answer
    "no-judge",  # score asks for a judgement, and the run has no judge
    "not-novel",  # too near to a task of the history
    "full",  # the first pool has no room for it
]


@dataclass(frozen=True)
class Draft:
    """A task family as a scientist wrote it, not yet checked.

    Attributes:
        source, name, description, capability, difficulty, example_instruction, is_code: As of :class:`TaskFamily`.
        done: The scientist holds it to be finished.
        solution: Its reply to the first example where it comes with the draft; None: it is asked (:meth:`Scientist.solve`).
    """

    source: str
    name: str
    description: str
    capability: str
    difficulty: int
    example_instruction: str
    is_code: bool = False
    done: bool = True
    solution: str | None = None


@dataclass(frozen=True)
class Request:
    """One request for a task.

    Attributes:
        id: Id that the task will have; it also names the request if it is rejected.
        kind: What is asked for.
        generation: Generation of the run.
        key: Key of the request's own random stream, 128 bits (:func:`acdc.streams.key`).
        parent: The task to start from; None for the seeds, which are not asked for.
        parent_pass_rate: Share of the archive that passes it, where measured.
        inspirations: Other tasks shown beside it.
    """

    id: str
    kind: Kind
    generation: int
    key: int
    parent: TaskFamily | None = None
    parent_pass_rate: float | None = None
    inspirations: tuple[TaskFamily, ...] = ()

    @property
    def provenance(self) -> Provenance:
        """What an accepted task will say of its origin."""
        parent = None if self.parent is None else self.parent.id
        return Provenance(parent, self.kind, self.generation, self.parent_pass_rate)


@dataclass(frozen=True)
class Rejection:
    """A request that gave no task, kept for the store.

    Attributes:
        id: Id of the request.
        provenance: What was asked for.
        reason: Why.
        detail: What exactly, for a person: the error, the score, the neighbour.
        draft: The last draft, where there was one.
    """

    id: str
    provenance: Provenance
    reason: Reason
    detail: str
    draft: Draft | None = None

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The rejection that :meth:`to_json` wrote."""
        fields = dict(value)
        fields["provenance"] = Provenance(**fields["provenance"])
        fields["draft"] = None if fields["draft"] is None else Draft(**fields["draft"])
        return cls(**fields)


def rejected(request: Request, reason: Reason, detail: str, draft: Draft | None = None) -> Rejection:
    """The rejection of a request."""
    return Rejection(request.id, request.provenance, reason, detail, draft)


def rejected_task(task: TaskFamily, reason: Reason, detail: str) -> Rejection:
    """The rejection of a task that had passed its checks."""
    draft = Draft(
        task.source,
        task.name,
        task.description,
        task.capability,
        task.difficulty,
        task.example_instruction,
        task.is_code,
        solution=task.reference,
    )
    return Rejection(task.id, task.provenance, reason, detail, draft)


@dataclass(frozen=True)
class Unfinished:
    """A draft on its way through reflection.

    Attributes:
        request: What it answers.
        draft: The draft as it is now.
        instructions: What its first example asks; "" where it did not run.
        feedback: What the sandbox said: an error, or the score of the scientist's solution.
        round: 0 for the first.
    """

    request: Request
    draft: Draft
    instructions: str = ""
    feedback: str = ""
    round: int = 0

    def revised(self, draft: Draft) -> "Unfinished":
        """The same request with another draft, one round later."""
        return replace(self, draft=draft, instructions="", feedback="", round=self.round + 1)


@dataclass(frozen=True)
class Judgement:
    """A question to the scientist: is ``candidate`` interestingly new beside its neighbours?

    Attributes:
        candidate: The checked task.
        neighbours: The nearest of all history, nearest first.
        key: Key of the question's own random stream.
    """

    candidate: TaskFamily
    neighbours: tuple[TaskFamily, ...]
    key: int


class Scientist(Protocol):
    """What writes task families. Every method answers each of its arguments, in order."""

    @property
    def version(self) -> str:
        """Everything about it that can change a task: kind, model, hashes of prompts. Goes into the settings hash."""
        ...

    def seeds(self) -> list[Draft]:
        """The seed tasks, with their solutions."""
        ...

    def propose(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        """First drafts of *novel* and *similar* tasks."""
        ...

    def adapt(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        """First drafts of *harder*, *easier*, *related* and *free* tasks."""
        ...

    def solve(self, tasks: Sequence[Unfinished]) -> list[str]:
        """Replies to the first example of drafts that came without a solution, as any individual would reply."""
        ...

    def reflect(self, tasks: Sequence[Unfinished]) -> list[Draft | Rejection]:
        """Drafts repaired after the feedback of the sandbox."""
        ...

    def is_interesting(self, judgements: Sequence[Judgement]) -> list[bool]:
        """Whether each candidate is interestingly new."""
        ...
