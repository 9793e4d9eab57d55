"""An engine that lives in a worker of a Ray cluster: what an evaluation's process uses in the place of its own.

Every call carries the weights' place in the object store, so a worker that takes a lost one's place loads them by itself.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acdc.config.evolution import ExecutorSettings
from acdc.engines.engine import Answer, Engine, Request, Sampling
from acdc.errors import InfrastructureError
from acdc.executors.weight_chunks import packed
from acdc.executors.worker_group import Call, Note, WorkerGroup

if TYPE_CHECKING:
    from torch import Tensor


class RayEngine:
    """See :class:`acdc.engines.engine.Engine`; one worker holds it.

    Args:
        settings: The section `executor` of params.yaml.
        open_engine: Makes the engine, there; picklable.

    Raises:
        InputError: Ray is not installed, or the worker can't open the model.
        InfrastructureError: The cluster can't be reached, has no room, or the worker does not start.
    """

    def __init__(self, settings: ExecutorSettings, open_engine: Callable[[], Engine]) -> None:
        self._worker_group = WorkerGroup(settings, open_engine, workers=1)
        try:
            self.version = self._worker_group.about().version
        except BaseException:
            self._worker_group.close()
            raise
        self.weights_hash: str | None = None
        self._weights: list[Any] = []
        self._gone: InfrastructureError | None = None

    def tell(self, note: Note) -> None:
        """Whom to tell of a lost worker."""
        self._worker_group.note = note

    def load(self, weights: "Mapping[str, Tensor]", weights_hash: str) -> None:
        """Put other weights in place; see :meth:`acdc.engines.engine.Engine.load`."""
        chunks = [self._worker_group.put(chunk) for chunk in packed(weights)]
        self._ask("load", chunks, weights_hash)
        self._weights, self.weights_hash = chunks, weights_hash

    def chat(self, user: str, system: str = "") -> str:
        """The prompt text of one user turn."""
        return str(self._ask("chat", user, system))

    def generate(
        self,
        requests: Sequence[Request],
        sampling: Sampling,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answers in the order of the requests; see :meth:`acdc.engines.engine.Engine.generate`.

        Raises:
            InfrastructureError: The worker is lost, and as many in its place as settings allow.
        """
        answers: list[Answer] = self._ask(
            "generate", self._weights, self.weights_hash, list(requests), sampling
        )
        if progress is not None:
            progress(len(answers))
        return answers

    def close(self) -> None:
        """End the worker and leave the cluster."""
        self._worker_group.close()

    def _ask(self, method: str, *arguments: Any) -> Any:
        if self._gone is not None:  # an evaluation asks again: it must not wait for workers that never come
            raise self._gone
        call = Call(f"an evaluation ({method})", method, functools.partial(tuple, arguments))
        try:
            return next(self._worker_group.run([call]))
        except InfrastructureError as error:
            self._gone = error
            raise
