"""Runs untrusted code in other processes: task families, and programs that a model answers with.

Promises: this process never runs such code; only JSON crosses the border. docs/sandbox.md says what is covered and what is not.
Door: ``with Sandbox.open(SandboxSettings()) as box``, then ``box.describe(source)`` (a `Description` with a family's tasks and
instructions; `TaskError`), ``box.score(jobs)`` (one `Outcome` for each `Job`, in order; repeated jobs run once) and
``box.run_answer(source, function, args)`` (`Answered`, from the second confined process). ``box.layers`` names the layers in
force, the outermost first.
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
