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
import signal
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from acdc.sandbox.inside import wire
from acdc.sandbox.inside.child import Channel, work
from acdc.sandbox.inside.confine import Confinement, Limits
from acdc.sandbox.inside.inbox import GoneError, Inbox
from acdc.sandbox.inside.watch import Child, Ended, Watch

UNCONFINED = "unconfined"
"""The error of a child that could not be confined: it ran nothing, and the worker is of no use."""
_CODES_KEPT = 512


class Worker:
    """One resident worker.

    Args:
        commands: Descriptor that jobs come from.
        results: Descriptor that outcomes go to.
    """

    def __init__(self, commands: int, results: int) -> None:
        self._inbox = Inbox(commands)
        self._results = results
        self._sources: dict[str, bytes] = {}
        self._codes: OrderedDict[str, bytes | Ended] = OrderedDict()

    def start(self) -> None:
        """Reads the settings, preloads modules, enters the layers and says hello."""
        settings = json.loads(self._inbox.next().payload)
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
        """Does jobs until the process that sends them has ended."""
        while True:
            frame = self._inbox.next()
            if frame.kind == wire.SOURCE:
                self._sources.clear() if not frame.payload else self._learn(frame.payload)
            elif frame.kind == wire.JOB:
                ended = self._do(frame.job, json.loads(frame.payload))
                payload = wire.SECONDS.pack(ended.seconds) + ended.payload
                wire.write_all(self._results, wire.pack(frame.job, ended.kind, payload))

    def _learn(self, text: bytes) -> None:
        self._sources[hashlib.blake2b(text, digest_size=16).hexdigest()] = text

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
            return Watch(child, number, self._limits, self._inbox, self._results).ended(
                self._confinement.alone
            )
        finally:
            for fd in (child.results, child.output, child.replies):
                if fd >= 0:
                    os.close(fd)

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
                for fd in (self._inbox.fd, self._results, results, output, output_in, replies, 0):
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
