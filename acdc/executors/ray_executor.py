"""The executor of a Ray cluster: individuals are spread over workers, each with an engine of its own.

Weights go from this process into Ray's object store and from there to the worker that is free; whoever wants to know
why not as recipes: docs/decisions.md. This process alone writes the store.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from acdc.config.evolution import ExecutorSettings
from acdc.engines.engine import Answer, Engine, Sampling
from acdc.executors.crew import Call, Crew, Note
from acdc.executors.executor import Errand
from acdc.executors.parcels import packed


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
        self._crew = Crew(settings, open_engine, note=note)
        try:
            self.version = self._crew.about().version
        except BaseException:
            self._crew.close()
            raise

    def answer(self, errands: Sequence[Errand], *, system: str, sampling: Sampling) -> Iterator[list[Answer]]:
        """Answers; see :meth:`acdc.executors.executor.Executor.answer`."""
        calls = [
            Call(errand.individual, "errand", functools.partial(self._arguments, errand, system, sampling))
            for errand in errands
        ]
        yield from self._crew.run(calls)

    def close(self) -> None:
        """End the workers and leave the cluster."""
        self._crew.close()

    def _arguments(self, errand: Errand, system: str, sampling: Sampling) -> tuple[Any, ...]:
        weights = [self._crew.put(parcel) for parcel in packed(errand.weights())]
        return weights, errand.weights_hash, errand.messages, system, sampling
