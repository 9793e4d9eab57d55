"""A confined worker that comes back: chosen by probe, restarted when it dies."""

from collections.abc import Callable, Sequence
from typing import Self

from acdc.sandbox.outcome import Answered, ErrorName, Json, SandboxUnavailable
from acdc.sandbox.outer import Outer, candidates, library_paths
from acdc.sandbox.probe import UselessError, breaches
from acdc.sandbox.process import Report, Task, WorkerDiedError, WorkerProcess
from acdc.sandbox.settings import SandboxSettings

_STARTS = 2
_ERRORS: frozenset[ErrorName] = frozenset(
    ("timeout", "memory", "killed", "output", "exception", "protocol", "refused")
)


class Confined:
    """One worker behind one outer layer.

    Args:
        settings: Limits and layers.
        outer: The outer layer.
        share: Share of the wall time that a job of this worker gets.

    Attributes:
        layers: What is in force, the outermost first.
        starts: How often the worker was started.

    Raises:
        WorkerDiedError: It does not start.
    """

    def __init__(self, settings: SandboxSettings, outer: Outer, share: float = 1.0) -> None:
        self._settings = settings
        self._outer = outer
        self._start = _start(settings, share)
        self._process: WorkerProcess | None = WorkerProcess(outer.command, self._start)
        self.starts = 1
        around = () if outer.name == "none" else (outer.name,)
        self.layers: tuple[str, ...] = (*around, *self._process.hello["layers"])

    @classmethod
    def choose(cls, settings: SandboxSettings) -> "tuple[Self | None, list[str]]":
        """Starts workers behind one outer layer after the other until one passes the probe.

        Returns:
            The worker, or None; and why those tried before it were not taken.
        """
        failures: list[str] = []
        unsafe: tuple[Outer, str] | None = None
        for outer in candidates(settings.outer):
            try:
                confined = cls(settings, outer)
            except WorkerDiedError as error:
                failures.append(f"{outer.name}: {error}")
                continue
            try:
                through = breaches(confined.answers, settings.limits.memory_mb)
            except (SandboxUnavailable, UselessError) as error:
                confined.close()
                failures.append(f"{outer.name}: {error}")
                continue
            if not through:
                return confined, failures
            confined.close()
            unsafe = outer, ", ".join(through)
            failures.append(f"{outer.name}: {unsafe[1]} got through ({', '.join(confined.layers)})")
        if unsafe is None or not settings.allow_unsafe:
            return None, failures
        confined = cls(settings, unsafe[0])
        confined.layers = (f"UNSAFE ({unsafe[1]} possible)", *confined.layers)
        return confined, failures

    def sibling(self) -> "Confined":
        """Starts another worker of the same make, for answers; its jobs get half the wall time."""
        try:
            return Confined(self._settings, self._outer, share=0.5)
        except WorkerDiedError as error:
            raise SandboxUnavailable(f"the second confined process does not start: {error}") from None

    def run(self, tasks: Sequence[Task], answer: Callable[[bytes], bytes]) -> list[Report]:
        """Runs a batch; after the death of the worker, what has no report yet runs again in a new one.

        Raises:
            SandboxUnavailable: The worker died twice under the same job, or does not start again.
        """
        reports: list[Report] = []
        deaths = 0
        while len(reports) < len(tasks):
            before = len(reports)
            try:
                for report in self._alive().exchange(tasks[before:], answer):
                    if not report.done and report.content.get("error") == "unconfined":
                        raise WorkerDiedError(
                            f"a child could not be confined: {report.content.get('detail')}"
                        )
                    reports.append(report)
            except WorkerDiedError as error:
                self._abandon()
                deaths = deaths + 1 if len(reports) == before else 1
                if deaths >= _STARTS:
                    raise SandboxUnavailable(
                        f"the sandbox's worker died twice under the same job: {error}"
                    ) from None
            except BaseException:
                # Interrupted halfway: what the worker would say next belongs to no one.
                self._abandon()
                raise
        return reports

    def answers(self, calls: Sequence[tuple[str, str, list[Json]]]) -> list[Answered]:
        """Runs (source, function, args) calls of answers."""
        common = {"op": "answer", "task_family": False, "allow_self_executing": True, "calls": False}
        tasks = [Task(source, {**common, "function": name, "args": args}) for source, name, args in calls]
        return [_answered(report) for report in self.run(tasks, lambda _: b"{}")]

    def close(self) -> None:
        """Ends the worker."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _alive(self) -> WorkerProcess:
        if self._process is None:
            self._process = WorkerProcess(self._outer.command, self._start)
            self.starts += 1
        return self._process

    def _abandon(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


def _start(settings: SandboxSettings, share: float) -> dict[str, Json]:
    limits = settings.limits
    return {
        "preload": list(settings.preload),
        "paths": library_paths(),
        "layers": settings.layers.model_dump(),
        "limits": {
            "cpu_seconds": limits.cpu_seconds,
            "wall_seconds": limits.wall_seconds * share,
            "memory_mb": limits.memory_mb,
            "result_bytes": limits.result_kb << 10,
            "output_bytes": limits.output_kb << 10,
        },
    }


def fault(report: Report) -> tuple[ErrorName, str]:
    """Returns the error and its detail of a report that has no result."""
    error, detail = report.content.get("error"), str(report.content.get("detail", ""))
    if report.invalid:
        return "exception", detail
    if error not in _ERRORS:
        return "protocol", "an error of unknown name"
    return error, detail


def _answered(report: Report) -> Answered:
    if report.done:
        return Answered(report.content.get("value"), seconds=report.seconds)
    return Answered(None, *fault(report), seconds=report.seconds)
