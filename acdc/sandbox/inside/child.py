"""What a child does between its fork and its end: one job, one result, nothing afterwards.

The child is confined before the first untrusted byte is looked at. Its last trusted act is to write the result under the seal of the
job; the code it ran shares its memory and could find that seal, so a result says only what *this* code made of *this* job.
"""

import ast
import builtins
import gc
import json
import marshal
import os
import random
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from acdc.sandbox.inside.selfexec import defines_task_family, self_executing
from acdc.sandbox.inside.wire import CALL, FAULT, HEADER, RESULT, SEALED, write_all

MODULE = "task_family"
_LONGEST_DETAIL = 500
Json = Any


class NotJsonError(Exception):
    """Untrusted code returned what cannot cross the border."""


class InvalidError(Exception):
    """The source is no Python, or no task family."""


class RefusedError(Exception):
    """The source is not run at all."""


class Channel:
    """The two pipes of a child and the seal of its job.

    Args:
        seal: Sixteen bytes that mark what the trusted part writes.
        results: Descriptor to write to.
        replies: Descriptor on which replies to `run_answer` come, or -1.
        largest: Longest result in bytes.
    """

    def __init__(self, seal: bytes, results: int, replies: int, largest: int) -> None:
        self._seal = seal
        self._results = results
        self._replies = replies
        self._largest = largest
        # Packed beforehand: when memory has run out there is none left to say so.
        self._no_memory = self._packed(
            FAULT, json.dumps({"error": "memory", "detail": "MemoryError"}).encode()
        )

    def _packed(self, kind: bytes, payload: bytes) -> bytes:
        return SEALED.pack(self._seal, kind, len(payload)) + payload

    def result(self, payload: bytes) -> None:
        """Writes the result."""
        if len(payload) > self._largest:
            self.fault("output", f"a result of {len(payload)} bytes, at most {self._largest} are allowed")
        else:
            write_all(self._results, self._packed(RESULT, payload))

    def fault(self, error: str, detail: str) -> None:
        """Writes why there is no result."""
        write_all(self._results, self._packed(FAULT, json.dumps({"error": error, "detail": detail}).encode()))

    def out_of_memory(self) -> None:
        """Writes that memory ran out."""
        write_all(self._results, self._no_memory)

    def run_answer(self, source: str, function: str, args: list[Json]) -> Json:
        """Has a function of an answer called in the other confined process.

        Args:
            source: The answer's code.
            function: Name of the function to call.
            args: Its arguments, JSON.

        Returns:
            What it returned, as JSON has it.

        Raises:
            RuntimeError: The answer raised, was stopped, or returned what is not JSON; the message begins with the error's name.
        """
        request = {"source": str(source), "function": str(function), "args": list(args)}
        payload = json.dumps(request).encode()
        if len(payload) > self._largest:
            raise ValueError(
                f"run_answer was given {len(payload)} bytes, at most {self._largest} are allowed"
            )
        write_all(self._results, self._packed(CALL, payload))
        _, _, length = HEADER.unpack(self._read(HEADER.size))
        reply = json.loads(self._read(length))
        if "value" in reply:
            return reply["value"]
        raise RuntimeError(f"{reply['error']}: {reply['detail']}")

    def _read(self, length: int) -> bytes:
        parts = b""
        while len(parts) < length:
            part = os.read(self._replies, length - len(parts))
            if not part:
                raise RuntimeError("killed: nobody answers any more")
            parts += part
        return parts


def work(job: Mapping[str, Json], code: bytes, channel: Channel) -> None:
    """Does one job and writes its result or its fault.

    Args:
        job: `op` (compile, describe, score or answer) and what that takes.
        code: Marshalled code of the source; its text for compile.
        channel: Where the result goes.
    """
    random.seed(0)
    gc.enable()
    try:
        channel.result(_OPERATIONS[job["op"]](job, code, channel))
    except MemoryError:
        channel.out_of_memory()
    except NotJsonError as error:
        channel.fault("protocol", str(error))
    except InvalidError as error:
        channel.fault("invalid", str(error))
    except RefusedError as error:
        channel.fault("refused", str(error))
    except BaseException as error:  # noqa: BLE001 - the border: untrusted code may raise anything at all
        channel.fault("exception", _describe(error))


def _compile(job: Mapping[str, Json], code: bytes, channel: Channel) -> bytes:
    text = json.loads(code)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise InvalidError(f"not Python: {error}") from None
    if job["task_family"]:
        if not defines_task_family(tree):
            raise InvalidError("it defines no class TaskFamily")
        found = self_executing(tree)
        if found and not job["allow_self_executing"]:
            raise RefusedError(found)
    return marshal.dumps(compile(tree, f"<{MODULE}>", "exec", dont_inherit=True))


def _module(code: bytes, run_answer: Callable[..., Json] | None) -> dict[str, Any]:
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    names = module.__dict__
    names["__builtins__"] = builtins
    if run_answer is not None:
        names["run_answer"] = run_answer
    exec(marshal.loads(code), names)  # this process exists to run it
    return names


def _tasks(family: Any) -> dict[str, Json]:
    tasks = family.get_tasks()
    if type(tasks) is not dict or not all(type(name) is str for name in tasks):
        raise NotJsonError(f"get_tasks() returned {_type(tasks)}, not a dict with str keys")
    return tasks


def _describe_family(job: Mapping[str, Json], code: bytes, channel: Channel) -> bytes:
    family = _module(code, channel.run_answer)["TaskFamily"]
    tasks = _tasks(family)
    instructions = {name: family.get_instructions(task) for name, task in tasks.items()}
    for name, text in instructions.items():
        if type(text) is not str:
            raise NotJsonError(f"get_instructions() returned {_type(text)} for task {name!r}, not a str")
    return _dumps({"tasks": tasks, "instructions": instructions}, "get_tasks()")


def _score(job: Mapping[str, Json], code: bytes, channel: Channel) -> bytes:
    family = _module(code, channel.run_answer)["TaskFamily"]
    score = family.score(_tasks(family)[job["task"]], job["submission"])
    # Exact types: a subclass could answer differently each time it is asked.
    if type(score) in (bool, int, float):
        try:
            return json.dumps({"score": float(score)}).encode()
        except OverflowError:
            return b'{"score": Infinity}'
    if type(score) is dict:
        return _dumps({"request": score}, "score()")
    return json.dumps({"score": None, "type": _type(score)}).encode()


def _answer(job: Mapping[str, Json], code: bytes, channel: Channel) -> bytes:
    names = _module(code, None)
    if job["function"] not in names:
        raise NameError(f"the answer has no function {job['function']!r}")
    return _dumps({"value": names[job["function"]](*job["args"])}, f"{job['function']}()")


def _dumps(value: Json, what: str) -> bytes:
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJsonError(f"{what} returned what is not JSON: {str(error)[:200]}") from None


def _type(value: object) -> str:
    return str(type.__getattribute__(type(value), "__name__"))[:100]


def _describe(error: BaseException) -> str:
    try:
        text = f"{_type(error)}: {error}"
        line, trace = None, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == f"<{MODULE}>":
                line = trace.tb_lineno
            trace = trace.tb_next
        return str(text if line is None else f"line {line}: {text}")[:_LONGEST_DETAIL]
    except BaseException:  # noqa: BLE001 - an exception's own text is untrusted code too
        return _type(error)


_OPERATIONS = {"compile": _compile, "describe": _describe_family, "score": _score, "answer": _answer}
