"""What goes into the sandbox and what comes out of it: plain values, nothing that untrusted code made itself."""

from dataclasses import dataclass, field
from typing import Any, Literal

from acdc.errors import AcdcError, InfrastructureError

Json = Any
"""A JSON value: None, bool, int, float, str, list, or dict with str keys."""

ErrorName = Literal["timeout", "memory", "killed", "output", "exception", "protocol", "refused", "judge"]
"""All but "judge" come from the sandbox; that one says that a judgement was asked for and did not come (:mod:`acdc.judging.requests`)."""


@dataclass(frozen=True)
class Job:
    """One submission to be scored.

    Attributes:
        source: Python source that defines class TaskFamily.
        task: A key of its get_tasks().
        submission: What is scored.
    """

    source: str
    task: str
    submission: str


@dataclass(frozen=True)
class JudgementRequest:
    """What `score` returned in place of a number: a judge is to say whether a submission meets criteria.

    Attributes:
        instructions: What was asked.
        submission: The text to be judged.
        criteria: When it passes.
    """

    instructions: str
    submission: str
    criteria: str


@dataclass(frozen=True)
class Outcome:
    """How one score ended.

    Attributes:
        score: What `score` returned, which may be nan, infinite or outside [0, 1]; None where it returned None or another type.
        error: What stopped it, or None.
        detail: For a person: the exception, the limit, the type returned. Empty for an ordinary score.
        seconds: Time by the clock; no part of equality.
        request: The judgement that `score` asks for instead; None where it asks for none.
    """

    score: float | None
    error: ErrorName | None = None
    detail: str = ""
    seconds: float = field(default=0.0, compare=False)
    request: JudgementRequest | None = None


@dataclass(frozen=True)
class Answered:
    """How one call of an answer's function ended.

    Attributes:
        value: What it returned, as JSON has it; None where there is an error.
        error: What stopped it, or None.
        detail: For a person.
        seconds: Time by the clock; no part of equality.
    """

    value: Json
    error: ErrorName | None = None
    detail: str = ""
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Description:
    """What a task family says about itself.

    Attributes:
        tasks: get_tasks(), in its order.
        instructions: get_instructions() for each of them.
    """

    tasks: dict[str, Json]
    instructions: dict[str, str]


class TaskError(AcdcError):
    """A task family's own code failed before there was anything to score.

    Attributes:
        error: What stopped it.
        detail: For a person.
    """

    exit_code = 2

    def __init__(self, error: ErrorName, detail: str) -> None:
        super().__init__(f"the task family failed ({error}): {detail}")
        self.error: ErrorName = error
        self.detail = detail


class NotATaskFamily(TaskError):  # noqa: N818 - says what is the case
    """The source is no Python, or defines no class TaskFamily: nothing of it was run."""

    def __init__(self, detail: str) -> None:
        super().__init__("exception", detail)


class SandboxUnavailable(InfrastructureError):  # noqa: N818 - says what is the case, as the project's contract names it
    """No confinement passes the probe, or the worker died and stays dead."""
