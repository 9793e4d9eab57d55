"""An engine that needs no model and does what its prompts say; workers of a cluster import it by name."""

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from acdc.engines.engine import Answer, Request, Sampling
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
