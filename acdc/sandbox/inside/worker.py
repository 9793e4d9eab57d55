"""The resident worker: reads jobs, forks a confined child for each, watches it, and reports how it ended.

It never runs, parses or unpickles anything untrusted itself: a child's bytes are cut at their seal and handed on. When its
commands end it ends, and so does everything it started.
"""

import gc
import hashlib
import importlib
import json
import os
import random
import select
import signal
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from acdc.sandbox.inside import wire
from acdc.sandbox.inside.child import Channel, work
from acdc.sandbox.inside.confine import Confinement, Limits

UNCONFINED = "unconfined"
"""The error of a child that could not be confined: it ran nothing, and the worker is of no use."""
_CODES_KEPT = 512
_LARGEST_COMMAND = 256 << 20
_CHUNK = 1 << 16


class Ended(NamedTuple):
    """How a child ended: the kind of frame to send, its payload, and how long it ran in seconds."""

    kind: bytes
    payload: bytes
    seconds: float


class Child(NamedTuple):
    """A running child, seen from the worker."""

    pid: int
    results: int
    output: int
    replies: int
    seal: bytes
    started: float


class GoneError(Exception):
    """The trusted side is gone: there is nothing left to do."""


class Worker:
    """One resident worker.

    Args:
        commands: Descriptor that jobs come from.
        results: Descriptor that outcomes go to.
    """

    def __init__(self, commands: int, results: int) -> None:
        self._commands = commands
        self._results = results
        self._decoder = wire.Decoder(_LARGEST_COMMAND)
        self._inbox: deque[wire.Frame] = deque()
        self._sources: dict[str, bytes] = {}
        self._codes: OrderedDict[str, bytes | Ended] = OrderedDict()

    def start(self) -> None:
        """Reads the settings, preloads modules, enters the layers and says hello."""
        settings = json.loads(self._next().payload)
        self._limits: Limits = settings["limits"]
        missing = _preload(settings["preload"], settings["paths"])
        self._confinement = Confinement(settings["layers"], self._limits)
        self._confinement.enter_worker()
        gc.collect()
        gc.freeze()
        gc.disable()
        hello = {"layers": self._confinement.layers, "missing": missing, "pid": os.getpid()}
        wire.write_all(self._results, wire.pack(0, wire.HELLO, json.dumps(hello).encode()))

    def serve(self) -> None:
        """Does jobs until there is nobody left to do them for."""
        while True:
            frame = self._inbox.popleft() if self._inbox else self._next()
            if frame.kind == wire.SOURCE:
                self._sources.clear() if not frame.payload else self._learn(frame.payload)
            elif frame.kind == wire.JOB:
                ended = self._do(frame.job, json.loads(frame.payload))
                payload = wire.SECONDS.pack(ended.seconds) + ended.payload
                wire.write_all(self._results, wire.pack(frame.job, ended.kind, payload))

    def _learn(self, text: bytes) -> None:
        self._sources[hashlib.blake2b(text, digest_size=16).hexdigest()] = text

    def _next(self) -> wire.Frame:
        while (frame := self._decoder.next()) is None:
            data = os.read(self._commands, _CHUNK)
            if not data:
                raise GoneError
            self._decoder.feed(data)
        return frame

    def _do(self, number: int, job: dict[str, Any]) -> Ended:
        flags = f"{job['task_family']}{job['allow_self_executing']}{job['source']}"
        code = self._codes.get(flags)
        if code is None:
            compiled = self._run(number, {**job, "op": "compile"}, self._sources[job["source"]])
            code = compiled.payload if compiled.kind == wire.RESULT else compiled
            self._codes[flags] = code
            if len(self._codes) > _CODES_KEPT:
                self._codes.popitem(last=False)
        if isinstance(code, Ended):
            return code
        return self._run(number, job, code)

    def _run(self, number: int, job: Mapping[str, Any], code: bytes) -> Ended:
        child = self._fork(job, code)
        try:
            ended = _Watch(self, number, child).ended()
        finally:
            for fd in (child.results, child.output, child.replies):
                if fd >= 0:
                    os.close(fd)
        return ended

    def _fork(self, job: Mapping[str, Any], code: bytes) -> Child:
        seal = os.urandom(16)
        results, results_in = os.pipe()
        output, output_in = os.pipe()
        replies_out, replies = os.pipe() if job["op"] != "compile" and job["calls"] else (-1, -1)
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(output_in, 1)
                os.dup2(output_in, 2)
                for fd in (self._commands, self._results, results, output, output_in, replies, 0):
                    if fd >= 0:
                        os.close(fd)
                sys.stdin = None
                channel = Channel(seal, results_in, replies_out, self._limits["result_bytes"])
                del seal
                try:
                    self._confinement.enter_child()
                except OSError as error:
                    channel.fault(UNCONFINED, str(error))
                    os._exit(1)
                work(job, code, channel)
            finally:
                os._exit(0)
        for fd in (results_in, output_in, replies_out):
            if fd >= 0:
                os.close(fd)
        return Child(pid, results, output, replies, seal, started)


class _Watch:
    """Watches one child to its end."""

    def __init__(self, worker: Worker, number: int, child: Child) -> None:
        self._worker = worker
        self._number = number
        self._child = child
        self._sealed = wire.SealedDecoder(child.seal, worker._limits["result_bytes"] + _CHUNK)
        self._printed = 0
        self._open = True
        self._reply = b""
        self._poll = select.poll()
        self._poll.register(child.results, select.POLLIN)
        self._poll.register(child.output, select.POLLIN)
        self._poll.register(worker._commands, 0)

    def ended(self) -> Ended:
        """Returns how the child ended; it is dead and buried then."""
        deadline = self._child.started + self._worker._limits["wall_seconds"]
        verdict: tuple[bytes, bytes] | None = None
        try:
            while verdict is None and self._open:
                left = deadline - time.monotonic()
                events = self._poll.poll(max(left, 0) * 1000) if left > 0 else []
                if not events:
                    verdict = _fault("timeout", f"more than {self._worker._limits['wall_seconds']:g} s")
                for fd, event in events:
                    verdict = verdict or self._handle(fd, event)
            if verdict is None and not self._exits(deadline):
                verdict = _fault("timeout", "closed its result channel and went on")
        finally:
            status, cpu = self._bury()
        seconds = time.monotonic() - self._child.started
        kind, payload = verdict or self._epitaph(status, cpu)
        if self._left_in_pipe() > self._worker._limits["output_bytes"]:
            kind, payload = self._printed_too_much()
        return Ended(kind, payload, seconds)

    def _handle(self, fd: int, event: int) -> tuple[bytes, bytes] | None:
        worker, child = self._worker, self._child
        if fd == child.results:
            return self._read_results()
        if fd == child.output:
            data = os.read(fd, _CHUNK)
            self._printed += len(data)
            if not data:
                self._poll.unregister(fd)
            if self._printed > worker._limits["output_bytes"]:
                return self._printed_too_much()
        elif fd == worker._commands:
            if not event & select.POLLIN:
                raise GoneError
            self._read_commands()
        elif fd == child.replies:
            self._write_reply(event)
        return None

    def _printed_too_much(self) -> tuple[bytes, bytes]:
        return _fault("output", f"printed more than {self._worker._limits['output_bytes']} bytes")

    def _left_in_pipe(self) -> int:
        """Counts what was printed to the end, so that it does not matter whether we saw the print or the result first."""
        os.set_blocking(self._child.output, False)
        try:
            while data := os.read(self._child.output, _CHUNK):
                self._printed += len(data)
        except BlockingIOError:
            pass
        return self._printed

    def _exits(self, deadline: float) -> bool:
        """Waits for a child that says nothing more: how it ends is not to depend on when we look."""
        pause = 0.0001
        while os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 0.01)
        return True

    def _read_results(self) -> tuple[bytes, bytes] | None:
        data = os.read(self._child.results, _CHUNK)
        if not data:
            self._open = False
            return None
        self._sealed.feed(data)
        try:
            message = self._sealed.next()
        except wire.BrokenFrameError as error:
            return _fault("protocol", str(error))
        except OverflowError as error:
            return _fault("output", str(error))
        if message is None:
            return None
        kind, payload = message
        if kind in (wire.RESULT, wire.FAULT):
            return message
        if kind != wire.CALL or self._child.replies < 0:
            return _fault("protocol", "a message of unknown kind on the result channel")
        wire.write_all(self._worker._results, wire.pack(self._number, wire.CALL, payload))
        self._poll.modify(self._worker._commands, select.POLLIN)
        return None

    def _read_commands(self) -> None:
        worker = self._worker
        data = os.read(worker._commands, _CHUNK)
        if not data:
            raise GoneError
        worker._decoder.feed(data)
        while (frame := worker._decoder.next()) is not None:
            if frame.kind != wire.REPLY:
                worker._inbox.append(frame)
            elif frame.job == self._number:
                self._reply = wire.pack(0, wire.REPLY, frame.payload)
                os.set_blocking(self._child.replies, False)
                self._poll.register(self._child.replies, select.POLLOUT)
                self._poll.modify(worker._commands, 0)

    def _write_reply(self, event: int) -> None:
        if event & select.POLLOUT:
            try:
                self._reply = self._reply[os.write(self._child.replies, self._reply) :]
            except BrokenPipeError:
                self._reply = b""
        if not self._reply or not event & select.POLLOUT:
            self._poll.unregister(self._child.replies)

    def _bury(self) -> tuple[int, float]:
        """Kills what is left of the child; returns its wait status and its CPU time in seconds."""
        os.kill(self._child.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self._child.pid, 0)
        if self._worker._confinement.alone:
            _kill_everybody_else()
        return status, usage.ru_utime + usage.ru_stime

    def _epitaph(self, status: int, cpu: float) -> tuple[bytes, bytes]:
        limit = self._worker._limits["cpu_seconds"]
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu >= limit):
            return _fault("timeout", f"more than {limit} s of CPU time")
        if self._sealed.started:
            return _fault("protocol", "half a message on the result channel")
        if number == signal.SIGSYS:
            return _fault("killed", "asked for a forbidden system call")
        if number:
            return _fault("killed", f"ended by {signal.Signals(number).name} without a result")
        return _fault("protocol", f"ended without a result, exit code {os.WEXITSTATUS(status)}")


def _kill_everybody_else() -> None:
    """Process 1 of a namespace may signal all of it at once; it is not touched itself."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _fault(error: str, detail: str) -> tuple[bytes, bytes]:
    return wire.FAULT, json.dumps({"error": error, "detail": detail}).encode()


def _preload(modules: list[str], paths: list[str]) -> list[str]:
    """Imports modules while files can still be read; returns those that are not there."""
    missing = []
    before = list(sys.path)
    sys.path += paths
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    sys.path[:] = before
    random.seed(0)
    for codec in ("ascii", "latin-1", "utf-8", "utf-16", "idna"):
        "a".encode(codec)
    return missing


def main() -> None:
    """Runs a worker on standard input and output until its input ends."""
    os.environ.clear()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    commands, results = os.dup(0), os.dup(1)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    worker = Worker(commands, results)
    try:
        worker.start()
        # From here on nothing of the outside is left but the two pipes.
        os.dup2(nowhere, 2)
        os.close(nowhere)
        worker.serve()
    except (GoneError, BrokenPipeError):
        os._exit(0)
