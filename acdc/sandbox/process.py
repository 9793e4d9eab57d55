"""The trusted end of one worker process: starts it, talks to it, notices when it dies."""

import contextlib
import hashlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from acdc.sandbox.inside import wire
from acdc.sandbox.outcome import Json

_START_SECONDS = 20.0
_GRACE_SECONDS = 5.0
_CHUNK = 1 << 16


class WorkerDiedError(Exception):
    """The worker is gone, or silent for longer than any job may take.

    Attributes:
        running: Index of the job that was running; None if none was.
    """

    def __init__(self, message: str, running: int | None = None) -> None:
        super().__init__(message)
        self.running = running


class Task(NamedTuple):
    """A job as the worker takes it.

    Attributes:
        source: Python source.
        fields: `op` and what that operation takes.
    """

    source: str
    fields: dict[str, Json]


class Report(NamedTuple):
    """What the worker said about one job.

    Attributes:
        position: Place of the job in the batch.
        done: Whether there is a result; if not, `content` says why.
        content: Parsed JSON that untrusted code had a hand in: an object, but of unknown shape.
        seconds: Time by the clock.
    """

    position: int
    done: bool
    content: dict[str, Json]
    seconds: float

    @property
    def invalid(self) -> bool:
        """Whether the source was not run because it is no Python or no task family."""
        return not self.done and self.content.get("error") == "invalid"


class WorkerProcess:
    """A resident worker.

    Args:
        command: Command line that starts it, outer layer included.
        start: What the worker is told at its start: limits, layers, preload, paths.

    Raises:
        WorkerDiedError: It does not come up.
    """

    def __init__(self, command: Sequence[str], start: dict[str, Json]) -> None:
        limits = start["limits"]
        self._patience = 2 * limits["wall_seconds"] + _GRACE_SECONDS
        self._largest = limits["result_bytes"] + _CHUNK
        self._decoder = wire.Decoder(self._largest)
        with tempfile.TemporaryFile() as complaints:
            self._process = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                # The hash seed fixes the order of sets in untrusted code; nothing else of the environment goes in.
                env={"PYTHONHASHSEED": "0"},
                cwd="/",
                start_new_session=True,
            )
            self._pipes()
            try:
                self._outgoing.append(wire.pack(0, wire.START, json.dumps(start).encode()))
                hello = self._receive(time.monotonic() + _START_SECONDS)
                self.hello: dict[str, Json] = json.loads(hello.payload)
            except (WorkerDiedError, ValueError) as error:
                self.kill()
                complaints.seek(0)
                said = complaints.read().decode("utf-8", "replace").strip().splitlines()
                raise WorkerDiedError(said[-1] if said else str(error)) from None

    def _pipes(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._outgoing: deque[bytes] = deque()
        self._sending = memoryview(b"")
        # A pipe that is full must not keep us from reading what the worker has to say.
        os.set_blocking(self._in.fileno(), False)

    def exchange(self, tasks: Sequence[Task], answer: Callable[[bytes], bytes]) -> Iterator[Report]:
        """Sends a batch and yields reports in its order.

        Args:
            tasks: The jobs.
            answer: Answers what a job's `run_answer` asks for: JSON to JSON.

        Raises:
            WorkerDiedError: With the index of the first job that has no report.
        """
        self._send(tasks)
        for index in range(len(tasks)):
            try:
                yield self._report(index, answer)
            except WorkerDiedError as error:
                raise WorkerDiedError(str(error), index) from None

    def _send(self, tasks: Sequence[Task]) -> None:
        self._outgoing.append(wire.pack(0, wire.SOURCE, b""))
        known = set()
        for number, task in enumerate(tasks, start=1):
            text = json.dumps(task.source).encode()
            digest = hashlib.blake2b(text, digest_size=16).hexdigest()
            if digest not in known:
                known.add(digest)
                self._outgoing.append(wire.pack(0, wire.SOURCE, text))
            job = json.dumps({**task.fields, "source": digest}).encode()
            self._outgoing.append(wire.pack(number, wire.JOB, job))

    def _report(self, index: int, answer: Callable[[bytes], bytes]) -> Report:
        while True:
            frame = self._receive(time.monotonic() + self._patience)
            if frame.job != index + 1:
                raise WorkerDiedError(f"the worker reports job {frame.job} instead of {index + 1}")
            if frame.kind != wire.CALL:
                break
            self._outgoing.appendleft(wire.pack(frame.job, wire.REPLY, answer(frame.payload)))
        (seconds,) = wire.SECONDS.unpack_from(frame.payload)
        done = frame.kind == wire.RESULT
        try:
            content = json.loads(frame.payload[wire.SECONDS.size :])
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            done, content = False, {"error": "protocol", "detail": "a result that is no JSON object"}
        return Report(index, done, content, seconds)

    def _receive(self, deadline: float) -> wire.Frame:
        while True:
            try:
                frame = self._decoder.next()
            except wire.BrokenFrameError as error:
                raise WorkerDiedError(str(error)) from None
            if frame is not None:
                return frame
            self._wait(deadline)

    def _wait(self, deadline: float) -> None:
        """Moves bytes in whichever direction they can go."""
        if not self._sending and self._outgoing:
            self._sending = memoryview(self._outgoing.popleft())
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        if self._sending:
            poll.register(self._in, select.POLLOUT)
        ready = poll.poll(max(deadline - time.monotonic(), 0) * 1000)
        if not ready:
            raise WorkerDiedError("the worker is silent")
        for fd, _ in ready:
            if fd == self._out.fileno():
                data = os.read(fd, _CHUNK)
                if not data:
                    raise WorkerDiedError("the worker ended")
                self._decoder.feed(data)
            else:
                try:
                    self._sending = self._sending[os.write(fd, self._sending) :]
                except BrokenPipeError:
                    raise WorkerDiedError("the worker ended") from None

    def close(self) -> None:
        """Ends the worker; it ends by itself once its commands end."""
        with contextlib.suppress(OSError):
            self._in.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()

    def kill(self) -> None:
        """Ends the worker at once."""
        self._process.kill()
        self.close()
