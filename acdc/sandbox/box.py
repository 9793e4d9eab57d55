"""The sandbox as the rest of the project sees it: jobs go in, outcomes come out, and nothing else crosses."""

import json
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from types import TracebackType
from typing import Self

from acdc.sandbox.confined import Confined, fault
from acdc.sandbox.outcome import (
    Answered,
    Description,
    Job,
    Json,
    JudgementRequest,
    NotATaskFamily,
    Outcome,
    SandboxUnavailable,
    TaskError,
)
from acdc.sandbox.process import Report, Task
from acdc.sandbox.refusal import refusal
from acdc.sandbox.settings import SandboxSettings

_LONGEST = 20_000  # characters of a judgement's instructions, and of its criteria
_EXPECTED = (
    f"it must hold exactly instructions, submission and criteria, each a text, instructions and criteria of at most "
    f"{_LONGEST} characters, criteria not empty"
)


class Sandbox:
    """Runs code of tasks and of answers, each in a confined process of its own. Use it as a context manager.

    Attributes:
        settings: What it was opened with.
        layers: What is in force, the outermost first. Begins with "UNSAFE" where the probe failed and `allow_unsafe` is set.
        passed_over: Outer layers that were tried before and not taken, each with its reason.
    """

    def __init__(self, settings: SandboxSettings, scorer: Confined, passed_over: Sequence[str] = ()) -> None:
        self.settings = settings
        self.passed_over = tuple(passed_over)
        self.layers: tuple[str, ...] = scorer.layers
        self._scorer = scorer
        self._answerer: Confined | None = None
        self._outcomes: OrderedDict[bytes, Outcome] = OrderedDict()
        self._lock = threading.Lock()
        self._owner = os.getpid()

    @classmethod
    def open(cls, settings: SandboxSettings | None = None) -> Self:
        """Starts the worker behind the strongest layers that pass the probe.

        Args:
            settings: Defaults if None.

        Raises:
            SandboxUnavailable: Nothing passes the probe, and unsafe is not allowed; the message says what helps here.
        """
        settings = settings or SandboxSettings()
        if sys.platform != "linux":
            raise SandboxUnavailable(refusal([]))
        scorer, failures = Confined.choose(settings)
        if scorer is None:
            raise SandboxUnavailable(refusal(failures))
        return cls(settings, scorer, failures)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers."""
        self._scorer.close()
        if self._answerer is not None:
            self._answerer.close()

    def score(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Scores submissions; jobs seen before, or twice in the batch, run once.

        Args:
            jobs: Any number of jobs; those of one source side by side are quickest.

        Returns:
            One outcome per job, in order.

        Raises:
            SandboxUnavailable: The worker died twice under the same job.
        """
        keys = [_key(job) for job in jobs]
        with self._lock:
            found = {key: self._outcomes[key] for key in keys if key in self._outcomes}
            todo = {key: job for key, job in zip(keys, jobs, strict=True) if key not in found}
            tasks = [
                self._task(job.source, "score", task=job.task, submission=job.submission)
                for job in todo.values()
            ]
            for key, report in zip(todo, self._run(tasks), strict=True):
                found[key] = self._outcomes[key] = _outcome(report)
            while len(self._outcomes) > self.settings.remembered:
                self._outcomes.popitem(last=False)
        return [found[key] for key in keys]

    def describe(self, source: str) -> Description:
        """Asks a task family for its tasks and their instructions.

        Raises:
            TaskError: Its code raised, was stopped or refused, or returned what it must not.
            SandboxUnavailable: The worker died twice.
        """
        with self._lock:
            (report,) = self._run([self._task(source, "describe")])
        if report.invalid:
            raise NotATaskFamily(fault(report)[1])
        if not report.done:
            raise TaskError(*fault(report))
        tasks, instructions = report.content.get("tasks"), report.content.get("instructions")
        if (
            not isinstance(tasks, dict)
            or not isinstance(instructions, dict)
            or set(tasks) != set(instructions)
        ):
            raise TaskError("protocol", "a description of the wrong shape")
        if not all(isinstance(text, str) for text in instructions.values()):
            raise TaskError("protocol", "instructions that are no text")
        return Description(tasks, instructions)

    def run_answer(self, source: str, function: str, args: list[Json]) -> Answered:
        """Calls a function of an answer's code in the second confined process.

        Args:
            source: Python source.
            function: Name of a function that it defines.
            args: JSON arguments.

        Raises:
            SandboxUnavailable: The worker died twice.
        """
        with self._lock:
            return self._answer(source, function, args)

    def _answer(self, source: str, function: str, args: list[Json]) -> Answered:
        return self._answers().answers([(source, function, args)])[0]

    def _answers(self) -> Confined:
        self._check_owner()
        if self._answerer is None:
            self._answerer = self._scorer.sibling()
        return self._answerer

    def _run(self, tasks: Sequence[Task]) -> list[Report]:
        self._check_owner()
        return self._scorer.run(tasks, self._relay)

    def _check_owner(self) -> None:
        if os.getpid() != self._owner:
            raise RuntimeError(
                "a sandbox belongs to the process that opened it: open another one after a fork"
            )

    def _relay(self, request: bytes) -> bytes:
        """Answers a `run_answer` that comes from a task, of which nothing is believed."""
        try:
            asked = json.loads(request)
            source, function, args = asked["source"], asked["function"], asked["args"]
            if not (isinstance(source, str) and isinstance(function, str) and isinstance(args, list)):
                raise TypeError
        except (ValueError, TypeError, KeyError, RecursionError):
            return json.dumps({"error": "protocol", "detail": "run_answer(source, function, args)"}).encode()
        answered = self._answer(source, function, args)
        if answered.error is None:
            return json.dumps({"value": answered.value}).encode()
        return json.dumps({"error": answered.error, "detail": answered.detail}).encode()

    def _task(self, source: str, operation: str, **fields: Json) -> Task:
        common = {
            "task_family": True,
            "calls": True,
            "allow_self_executing": self.settings.allow_self_executing,
        }
        return Task(source, {"op": operation, **common, **fields})


def _key(job: Job) -> bytes:
    digest = blake2b(digest_size=16)
    for part in (job.source, job.task, job.submission):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def _outcome(report: Report) -> Outcome:
    if not report.done:
        return Outcome(None, *fault(report), seconds=report.seconds)
    score = report.content.get("score")
    if isinstance(score, int | float):
        return Outcome(float(score), seconds=report.seconds)
    if "request" in report.content:
        request = _judgement(report.content["request"])
        wrong = "" if request else f"score returned a dict that is no request for a judgement: {_EXPECTED}"
        return Outcome(None, None, wrong, report.seconds, request)
    return Outcome(None, None, f"score returned {report.content.get('type', 'nothing')}", report.seconds)


def _judgement(value: Json) -> JudgementRequest | None:
    """The request that a task's score returned, of which nothing is believed; None where it is none."""
    if not isinstance(value, dict) or set(value) != {"instructions", "submission", "criteria"}:
        return None
    if not all(isinstance(text, str) for text in value.values()):
        return None
    if not value["criteria"].strip() or max(len(value["instructions"]), len(value["criteria"])) > _LONGEST:
        return None
    return JudgementRequest(value["instructions"], value["submission"], value["criteria"])
