"""The process of a Ray worker: one engine, and what may be asked of it. Imported on every node of the cluster."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from acdc.engines.engine import Answer, Engine, Request, Sampling
from acdc.errors import AcdcError, InputError
from acdc.executors.executor import answers_of


@dataclass(frozen=True)
class About:
    """Who a worker is.

    Attributes:
        version: Of its engine.
        software: Version of this package.
        device: Name of its GPU, or of the processor: answers may differ in their last bits between kinds.
        host: Name of its node.
        process: Its process id there.
    """

    version: str
    software: str
    device: str
    host: str
    process: int


class EngineActor:
    """One engine behind calls that never raise what is expected: an :class:`AcdcError` is returned, and raised by the caller.

    Args:
        open_engine: Makes the engine, here.
        directory: Where the command runs; relative paths are meant from there.
    """

    def __init__(self, open_engine: Callable[[], Engine], directory: str) -> None:
        self._open_engine, self._directory = open_engine, directory
        self._engine: Engine | None = None

    def open(self) -> About | AcdcError:
        """Make the engine and say who this is."""
        # As the command line does, before anything heavy is imported; the node's own settings win.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        try:
            if not Path(self._directory).is_dir():
                raise InputError(
                    f"{self._directory}: not there on node {platform.node()}; the project's directory must lie where every "
                    "node of the Ray cluster sees it under the same path"
                )
            os.chdir(self._directory)
            self._engine = self._open_engine()
        except AcdcError as error:
            return error
        return About(self._engine.version, _software(), _device(), platform.node(), os.getpid())

    def request_batch(
        self,
        weights: Sequence[Any],
        weights_hash: str,
        messages: Sequence[str],
        system: str,
        sampling: Sampling,
    ) -> list[Answer] | AcdcError:
        """Load an individual's weights (references to chunks) and let it answer."""
        try:
            self._load(weights, weights_hash)
            return answers_of(self._opened, messages, system, sampling)
        except AcdcError as error:
            return error

    def load(self, weights: Sequence[Any], weights_hash: str) -> AcdcError | None:
        """Load weights (references to chunks)."""
        try:
            self._load(weights, weights_hash)
        except AcdcError as error:
            return error
        return None

    def chat(self, user: str, system: str) -> str | AcdcError:
        """One user turn in the chat template."""
        try:
            return self._opened.chat(user, system)
        except AcdcError as error:
            return error

    def generate(
        self,
        weights: Sequence[Any],
        weights_hash: str | None,
        requests: Sequence[Request],
        sampling: Sampling,
    ) -> list[Answer] | AcdcError:
        """Answers of these weights (references to chunks); without a hash, of those that the engine was opened with."""
        try:
            if weights_hash is not None:
                self._load(weights, weights_hash)
            return self._opened.generate(requests, sampling)
        except AcdcError as error:
            return error

    @property
    def _opened(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the worker was asked before it was opened")
        return self._engine

    def _load(self, weights: Sequence[Any], weights_hash: str) -> None:
        import ray

        from acdc.executors.weight_chunks import unpacked

        if self._opened.weights_hash != weights_hash:
            self._opened.load(unpacked(ray.get(reference) for reference in weights), weights_hash)


def _software() -> str:
    try:
        return version("acdc-coevolution")
    except PackageNotFoundError:  # run from a directory that was not installed
        return "not installed"


def _device() -> str:
    import torch

    from acdc.processes.machine import this_machine

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else this_machine().cpu
