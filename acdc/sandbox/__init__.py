"""Runs code that nobody vouches for, out of process: task families, and programs that a model answers with.

    with Sandbox.open(SandboxSettings()) as box:
        box.layers                                    what is in force here, the outermost first
        box.describe(source) -> Description           a task family's tasks and instructions, or TaskError
        box.score([Job(source, task, submission)])    one Outcome per job, in order; repeated jobs run once
        box.run_answer(source, function, args)        Answered, from the second confined process

Covered and not covered: docs/sandbox.md.
"""

from acdc.sandbox.box import Sandbox
from acdc.sandbox.outcome import (
    Answered,
    Description,
    Job,
    JudgementRequest,
    NotATaskFamily,
    Outcome,
    SandboxUnavailable,
    TaskError,
)
from acdc.sandbox.settings import Layers, Limits, SandboxSettings

__all__ = [
    "Answered",
    "Description",
    "Job",
    "JudgementRequest",
    "Layers",
    "Limits",
    "NotATaskFamily",
    "Outcome",
    "Sandbox",
    "SandboxSettings",
    "SandboxUnavailable",
    "TaskError",
]
