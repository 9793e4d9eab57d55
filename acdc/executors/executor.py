"""What the loop asks of an executor: request batches in, answers out, in the same order.

An answer depends on weights, prompt and sampling alone (:mod:`acdc.engines.engine`), so it does not matter which worker answers
which request batch, how many workers there are, or in what order they finish.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from acdc.engines.engine import Answer, Engine, Request, Sampling
from acdc.numbers.margins import margins_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class RequestBatch:
    """The prompts that one individual answers.

    Attributes:
        individual: Its id.
        weights_hash: Content hash of its weights.
        weights: Gives the weights; called in this process, when a worker is free.
        messages: User messages, to be put into the family's chat template.
    """

    individual: str
    weights_hash: str
    weights: "Callable[[], Mapping[str, Tensor]]" = field(repr=False, compare=False)
    messages: tuple[str, ...] = field(repr=False)


class Executor(Protocol):
    """Lets individuals answer.

    Attributes:
        version: Of the engine or engines that answer (:class:`acdc.engines.engine.Engine`).
    """

    version: str

    def answer(
        self, request_batches: Sequence[RequestBatch], *, system: str, sampling: Sampling
    ) -> Iterator[list[Answer]]:
        """One list of answers for each request batch, in their order; each as soon as it and those before it are there.

        Args:
            request_batches: One for each individual.
            system: System message of every prompt.
            sampling: The same for all.

        Raises:
            InputError: A prompt and the budget do not fit into the model's context.
            InfrastructureError: No worker is left.
        """
        ...

    def close(self) -> None:
        """Free what answers; the executor can't be used afterwards."""
        ...


class Alone:
    """One engine in this process answers all request batches, one after another.

    Attributes:
        version: Of the engine.
        margins: Of its decisions between tokens.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.version = engine.version
        self.margins = margins_of(engine)

    def answer(
        self, request_batches: Sequence[RequestBatch], *, system: str, sampling: Sampling
    ) -> Iterator[list[Answer]]:
        """Answers; see :meth:`Executor.answer`."""
        for request_batch in request_batches:
            if self._engine.weights_hash != request_batch.weights_hash:
                self._engine.load(request_batch.weights(), request_batch.weights_hash)
            yield answers_of(self._engine, request_batch.messages, system, sampling)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()


def answers_of(engine: Engine, messages: Sequence[str], system: str, sampling: Sampling) -> list[Answer]:
    """What an engine's present weights answer."""
    return engine.generate([Request(engine.chat(message, system)) for message in messages], sampling)
