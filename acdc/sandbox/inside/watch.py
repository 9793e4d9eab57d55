"""Watches a child: its result, what it prints, what it asks, its time; and says how it ended.

How a child ended must not depend on when the worker happened to look, because outcomes are kept and compared.
"""

import json
import os
import select
import signal
import time
from typing import NamedTuple

from acdc.sandbox.inside import wire
from acdc.sandbox.inside.confine import Limits
from acdc.sandbox.inside.inbox import GoneError, Inbox

_CHUNK = 1 << 16


class Ended(NamedTuple):
    """How a child ended: the kind of frame to send, its payload, and how long it ran in seconds."""

    kind: bytes
    payload: bytes
    seconds: float


class Child(NamedTuple):
    """A running child, seen from the worker: descriptors, the seal of its job, and when it started."""

    pid: int
    results: int
    output: int
    replies: int
    seal: bytes
    started: float


class Watch:
    """Watches one child to its end.

    Args:
        child: The child.
        number: Number of its job.
        limits: What it may use.
        inbox: Where replies to what it asks come from.
        outbox: Descriptor to which its questions go.
    """

    def __init__(self, child: Child, number: int, limits: Limits, inbox: Inbox, outbox: int) -> None:
        self._child = child
        self._number = number
        self._limits = limits
        self._inbox = inbox
        self._outbox = outbox
        self._sealed = wire.SealedDecoder(child.seal, limits["result_bytes"] + _CHUNK)
        self._printed = 0
        self._open = True
        self._reply = b""
        self._poll = select.poll()
        self._poll.register(child.results, select.POLLIN)
        self._poll.register(child.output, select.POLLIN)
        self._poll.register(inbox.fd, 0)

    def ended(self, alone: bool) -> Ended:
        """Returns how the child ended; it is dead and buried then.

        Args:
            alone: Whether this is process 1 of a namespace, and may kill whatever else there is.
        """
        deadline = self._child.started + self._limits["wall_seconds"]
        verdict: tuple[bytes, bytes] | None = None
        try:
            while verdict is None and self._open:
                left = deadline - time.monotonic()
                events = self._poll.poll(max(left, 0) * 1000) if left > 0 else []
                if not events:
                    verdict = _fault("timeout", f"more than {self._limits['wall_seconds']:g} s")
                for fd, event in events:
                    verdict = verdict or self._handle(fd, event)
            if verdict is None and not self._exits(deadline):
                verdict = _fault("timeout", "closed its result channel and went on")
        finally:
            status, cpu = self._bury(alone)
        seconds = time.monotonic() - self._child.started
        kind, payload = verdict or self._epitaph(status, cpu)
        if self._left_in_pipe() > self._limits["output_bytes"]:
            kind, payload = self._printed_too_much()
        return Ended(kind, payload, seconds)

    def _handle(self, fd: int, event: int) -> tuple[bytes, bytes] | None:
        child = self._child
        if fd == child.results:
            return self._read_results()
        if fd == child.output:
            data = os.read(fd, _CHUNK)
            self._printed += len(data)
            if not data:
                self._poll.unregister(fd)
            if self._printed > self._limits["output_bytes"]:
                return self._printed_too_much()
        elif fd == self._inbox.fd:
            if not event & select.POLLIN:
                raise GoneError
            self._inbox.receive()
            self._take_reply()
        elif fd == child.replies:
            self._write_reply(event)
        return None

    def _printed_too_much(self) -> tuple[bytes, bytes]:
        return _fault("output", f"printed more than {self._limits['output_bytes']} bytes")

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
        wire.write_all(self._outbox, wire.pack(self._number, wire.CALL, payload))
        self._poll.modify(self._inbox.fd, select.POLLIN)
        return None

    def _take_reply(self) -> None:
        reply = self._inbox.reply(self._number)
        if reply is not None:
            self._reply = wire.pack(0, wire.REPLY, reply)
            os.set_blocking(self._child.replies, False)
            self._poll.register(self._child.replies, select.POLLOUT)
            self._poll.modify(self._inbox.fd, 0)

    def _write_reply(self, event: int) -> None:
        if event & select.POLLOUT:
            try:
                self._reply = self._reply[os.write(self._child.replies, self._reply) :]
            except BrokenPipeError:
                self._reply = b""
        if not self._reply or not event & select.POLLOUT:
            self._poll.unregister(self._child.replies)

    def _bury(self, alone: bool) -> tuple[int, float]:
        """Kills what is left of the child; returns its wait status and its CPU time in seconds."""
        os.kill(self._child.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self._child.pid, 0)
        if alone:
            _kill_all_others()
        return status, usage.ru_utime + usage.ru_stime

    def _epitaph(self, status: int, cpu: float) -> tuple[bytes, bytes]:
        limit = self._limits["cpu_seconds"]
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


def _kill_all_others() -> None:
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
