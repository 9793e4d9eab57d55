"""The executor of a Ray cluster: individuals are spread over workers, each with an engine of its own.

Weights go from this process into Ray's object store and from there to a free worker. docs/decisions.md says
why they are not sent as recipes. This process alone writes the store.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from acdc.config.evolution import ExecutorSettings
from acdc.engines.engine import Answer, Engine, Sampling
from acdc.executors.executor import RequestBatch
from acdc.executors.weight_chunks import packed
from acdc.executors.worker_group import Call, Note, WorkerGroup


class RayExecutor:
    """See :class:`acdc.executors.executor.Executor`.

    Args:
        settings: The section `executor` of params.yaml.
        open_engine: Makes a worker's engine, there; picklable.
        note: Told of every lost worker: kind, line, details.

    Raises:
        InputError: Ray is not installed, or a worker can't open the model.
        InfrastructureError: The cluster can't be reached, has no room, or no worker starts.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        open_engine: Callable[[], Engine],
        *,
        note: Note = lambda kind, line, **detail: None,
    ) -> None:
        self._worker_group = WorkerGroup(settings, open_engine, note=note)
        try:
            self.version = self._worker_group.about().version
        except BaseException:
            self._worker_group.close()
            raise

    def answer(
        self, request_batches: Sequence[RequestBatch], *, system: str, sampling: Sampling
    ) -> Iterator[list[Answer]]:
        """Answers; see :meth:`acdc.executors.executor.Executor.answer`."""
        calls = [
            Call(
                request_batch.individual,
                "request_batch",
                functools.partial(self._arguments, request_batch, system, sampling),
            )
            for request_batch in request_batches
        ]
        yield from self._worker_group.run(calls)

    def close(self) -> None:
        """End the workers and leave the cluster."""
        self._worker_group.close()

    def _arguments(self, request_batch: RequestBatch, system: str, sampling: Sampling) -> tuple[Any, ...]:
        weights = [self._worker_group.put(chunk) for chunk in packed(request_batch.weights())]
        return weights, request_batch.weights_hash, request_batch.messages, system, sampling
