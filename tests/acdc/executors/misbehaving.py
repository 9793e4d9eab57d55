"""Engines that die, break or refuse when they are told to; workers of a cluster import them by name."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from acdc.engines.engine import Answer, Engine, Request, Sampling
from acdc.errors import InfrastructureError, InputError


class Obedient:
    """Answers with the sum of its weights and the prompt; some prompts are orders."""

    version = "obedient 1"
    weights_hash: str | None = None

    def __init__(self) -> None:
        self._sum = float("nan")

    def load(self, weights: Any, weights_hash: str) -> None:
        self._sum = float(sum(tensor.double().sum() for tensor in weights.values()))
        self.weights_hash = weights_hash

    def chat(self, user: str, system: str = "") -> str:
        return f"{system}|{user}"

    def generate(self, requests: Sequence[Request], sampling: Sampling, progress: Any = None) -> list[Answer]:
        for request in requests:
            order, _, argument = request.prompt.rpartition("|")[2].partition(" ")
            if order == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if order == "die-once" and not os.path.exists(argument):
                os.close(os.open(argument, os.O_CREAT))
                os.kill(os.getpid(), signal.SIGKILL)
            if order == "sleep":
                time.sleep(float(argument))
            if order == "refuse":
                raise InputError("too long")
            if order == "break":
                raise InfrastructureError("the engine broke")
            if order == "bug":
                raise ZeroDivisionError("a bug")
        return [Answer(f"{self._sum:g} {request.prompt}", (1,), "stop", 1) for request in requests]

    def close(self) -> None: ...


def no_model() -> Obedient:
    """What opening an engine does where its model is not there."""
    raise InputError("there is no model")


class Mortal:
    """A real engine whose process is killed at its second batch; the next one, which finds the mark, lives.

    Args:
        open_engine: Makes the real engine.
        mark: A file that says that somebody has died already.
    """

    def __init__(self, open_engine: Callable[[], Engine], mark: Path) -> None:
        self._engine, self._mark, self._batches = open_engine(), mark, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def generate(self, requests: Sequence[Request], sampling: Sampling, progress: Any = None) -> list[Answer]:
        self._batches += 1
        if self._batches == 2 and not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self._engine.generate(requests, sampling, progress)
