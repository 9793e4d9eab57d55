"""The workers of one asker in a Ray cluster: a call goes to a free worker, and to another one if that worker is lost.

A call carries everything it needs, so any worker can serve it. Results come in the order of the calls, whatever the
order in which they were made; how many workers there are, and which of them died when, does not show in them.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from acdc.config.evolution import ExecutorSettings
from acdc.engines.engine import Engine
from acdc.errors import InfrastructureError
from acdc.executors.cluster import connect
from acdc.executors.worker import About, EngineActor

Note = Callable[..., None]
"""Called with the kind of an incident, one line about it, and details by name."""

_BEAT = 1.0  # seconds between looks at the clock while waiting
_DEATHS = 3  # workers in a row that one call may bring down


@dataclass(frozen=True)
class Call:
    """One thing to be done by any worker.

    Attributes:
        subject: For whom, in messages.
        method: Of :class:`acdc.executors.worker.EngineActor`.
        arguments: Makes its arguments, in this process, when a worker is free; made once, kept until there is a result.
    """

    subject: str
    method: str
    arguments: Callable[[], tuple[Any, ...]] = field(repr=False)


class _Open:
    """A call on its way."""

    def __init__(self, call: Call) -> None:
        self.call, self.deaths, self.finished = call, 0, False
        self.result: Any = None
        self._arguments: tuple[Any, ...] | None = None

    def arguments(self) -> tuple[Any, ...]:
        if self._arguments is None:
            self._arguments = self.call.arguments()
        return self._arguments

    def finish(self, result: Any) -> None:
        self.result, self.finished, self._arguments = result, True, None


@dataclass
class _Worker:
    name: str
    handle: Any
    about: About | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.about.host}, process {self.about.process})" if self.about else self.name


class WorkerGroup:
    """Workers with one engine each.

    Args:
        settings: The cluster, and what a worker reserves.
        open_engine: Makes a worker's engine, there; picklable.
        workers: How many; None: as many as the settings say or the cluster holds.
        note: Told of every lost worker.

    Raises:
        InputError: Ray is not installed.
        InfrastructureError: The cluster can't be reached or has no room.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        open_engine: Callable[[], Engine],
        *,
        workers: int | None = None,
        note: Note = lambda kind, line, **detail: None,
    ) -> None:
        self._settings, self._open_engine, self.note = settings, open_engine, note
        self._cluster = connect(settings)
        self._started = self._losses = 0
        self._opening: dict[Any, _Worker] = {}
        self._idle: list[_Worker] = []
        self._busy: dict[Any, tuple[_Worker, _Open]] = {}
        self._about: About | None = None
        self._devices: set[str] = set()
        self._waiting_since = time.monotonic()
        for _ in range(workers or self._cluster.workers):
            self._start()

    def about(self) -> About:
        """The first worker that is ready; all others have an engine of the same version."""
        while self._about is None:
            self._receive(deque())
        return self._about

    def run(self, calls: Sequence[Call]) -> Iterator[Any]:
        """Results in the order of the calls, each as soon as it and those before it are there.

        Raises:
            AcdcError: What a call met, when its turn comes.
            InfrastructureError: No worker is left.
        """
        everything = [_Open(call) for call in calls]
        waiting = deque(everything)
        for wanted in everything:
            self._hand_out(waiting)
            while not wanted.finished:
                self._receive(waiting)
                self._hand_out(waiting)
            if isinstance(wanted.result, BaseException):
                raise wanted.result
            result, wanted.result = wanted.result, None
            yield result

    def put(self, value: Any) -> Any:
        """A reference to a value in the cluster's object store."""
        import ray

        return ray.put(value)

    def close(self) -> None:
        """End the workers and leave the cluster."""
        import ray

        if ray.is_initialized():
            for worker in [
                *self._opening.values(),
                *self._idle,
                *(worker for worker, _ in self._busy.values()),
            ]:
                with contextlib.suppress(ray.exceptions.RayError):  # it is gone already
                    ray.kill(worker.handle)
        self._opening, self._idle, self._busy = {}, [], {}
        self._cluster.close()

    def _start(self) -> None:
        """Ask the cluster for one more worker; it joins when it is ready."""
        import os

        import ray

        self._started += 1
        remote = ray.remote(EngineActor).options(
            num_cpus=self._settings.cpus_per_worker,
            num_gpus=self._settings.gpus_per_worker,
            max_restarts=0,  # a replacement is a worker of its own, which has to say who it is
            max_task_retries=0,
        )
        handle = remote.remote(self._open_engine, os.getcwd())
        self._opening[handle.open.remote()] = _Worker(f"worker {self._started}", handle)

    def _hand_out(self, waiting: deque[_Open]) -> None:
        while waiting and self._idle:
            arguments = waiting[0].arguments()
            open_call, worker = waiting.popleft(), self._idle.pop(0)
            reference = getattr(worker.handle, open_call.call.method).remote(*arguments)
            self._busy[reference] = (worker, open_call)

    def _receive(self, waiting: deque[_Open]) -> None:
        """Wait for one worker to be ready or done, a moment at most."""
        import ray

        if self._idle or self._busy:
            self._waiting_since = time.monotonic()
        elif time.monotonic() - self._waiting_since > self._settings.start_seconds:
            raise InfrastructureError(
                f"no worker was ready within start_seconds = {self._settings.start_seconds:g}; free in the Ray cluster: "
                f"{_free(ray.available_resources())}. `ray status` shows which jobs hold the rest"
            )
        found, _ = ray.wait([*self._opening, *self._busy], num_returns=1, timeout=_BEAT)
        for reference in found:
            if reference in self._opening:
                self._welcome(reference, waiting)
            else:
                self._collect(reference, waiting)

    def _welcome(self, reference: Any, waiting: deque[_Open]) -> None:
        worker, reply = self._opening[reference], _reply(reference)
        if isinstance(reply, _Loss):
            del self._opening[reference]
            self._lose(worker, reply, None, waiting)
            return
        if isinstance(reply, BaseException):
            raise reply  # it is still among those that `close` ends
        worker.about = about = reply
        first = self._about = self._about or about
        if (about.version, about.software) != (first.version, first.software):
            raise InfrastructureError(
                f"{worker} has {about.software} with {about.version}, but {first.host} has {first.software} with "
                f"{first.version}. Answers would depend on the worker. Install the same version on every node"
            )
        if self._devices and about.device not in self._devices:
            line = f"{worker} has a {about.device}, others have {', '.join(sorted(self._devices))}: answers may differ in their last bits"
            self.note("workers differ", line, devices=sorted({*self._devices, about.device}))
        self._devices.add(about.device)
        self._idle.append(self._opening.pop(reference))

    def _collect(self, reference: Any, waiting: deque[_Open]) -> None:
        worker, open_call = self._busy.pop(reference)
        reply = _reply(reference)
        if isinstance(reply, InfrastructureError):  # its engine is broken, another one's may be sound
            reply = _Loss(str(reply))
        if isinstance(reply, _Loss):
            self._lose(worker, reply, open_call, waiting)
            return
        self._idle.append(worker)
        open_call.finish(reply)

    def _lose(self, worker: _Worker, loss: "_Loss", open_call: _Open | None, waiting: deque[_Open]) -> None:
        """Say it, replace the worker if that is allowed, and have its call served by another."""
        import ray

        with contextlib.suppress(ray.exceptions.RayError):
            ray.kill(worker.handle)
        self._losses += 1
        if self._losses <= self._settings.max_restarts:
            self._start()
        left = len(self._opening) + len(self._idle) + len(self._busy)
        during = f" while it answered for {open_call.call.subject}" if open_call else " before it was ready"
        line = f"{worker} was lost{during} ({loss.reason}); {left} worker(s) go on"
        self.note("worker lost", line, worker=str(worker), reason=loss.reason, left=left)
        if open_call is not None:
            open_call.deaths += 1
            waiting.appendleft(open_call)
            if open_call.deaths >= _DEATHS:
                raise InfrastructureError(
                    f"{_DEATHS} workers died while they answered for {open_call.call.subject}; the last one: {loss.reason}. Memory may "
                    f"have run out (engine.rows, cpus_per_worker); Ray's logs: {self._cluster.logs}. What is finished is kept"
                )
        if not left:
            raise InfrastructureError(
                f"no worker is left; the last one ended so: {loss.reason}. Ray's logs: {self._cluster.logs} on its node. Finished work is "
                "kept: run the same command again. executor.max_restarts limits how many workers are replaced"
            )


@dataclass(frozen=True)
class _Loss:
    reason: str


def _reply(reference: Any) -> Any:
    """What a worker returned; an exception if it met one, a :class:`_Loss` if it is gone."""
    import ray
    from ray import exceptions

    gone = (
        exceptions.RayActorError,
        exceptions.ObjectLostError,
        exceptions.WorkerCrashedError,
        exceptions.OutOfMemoryError,
    )
    try:
        return ray.get(reference)
    except gone as error:
        return _Loss(_reason(error))
    except exceptions.RayTaskError as error:
        return error


def _reason(error: BaseException) -> str:
    """The sentence of Ray's long message that says what happened."""
    if "unexpectedly exits with a connection error" in str(error):
        return "its process was killed, or memory ran out"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "exit detail:" in line or "Error" in line]
    text = telling[-1] if telling else lines[0] if lines else type(error).__name__
    return text.rpartition("exit detail: ")[2].partition(". ")[0][:200]


def _free(resources: dict[str, float]) -> str:
    return ", ".join(f"{resources.get(name, 0):g} {name}" for name in ("CPU", "GPU"))
