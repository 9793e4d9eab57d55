"""What the loop asks of whoever lets individuals answer: errands in, answers out, in the order of the errands.

An answer depends on weights, prompt and sampling alone (:mod:`acdc.engines.engine`), so it does not matter who answers
which errand, how many there are to do it, or in what order they finish.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from acdc.engines.engine import Answer, Engine, Request, Sampling
from acdc.numbers.margins import margins_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Errand:
    """What one individual is asked.

    Attributes:
        individual: Its id.
        weights_hash: Content hash of its weights.
        weights: Gives the weights; called in this process, when somebody is free to answer.
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

    def answer(self, errands: Sequence[Errand], *, system: str, sampling: Sampling) -> Iterator[list[Answer]]:
        """One list of answers an errand, in the order of the errands; each as soon as it and those before it are there.

        Args:
            errands: Who is asked what.
            system: System message of every prompt.
            sampling: The same for all.

        Raises:
            InputError: A prompt and the budget do not fit into the model's context.
            InfrastructureError: Nobody is left who could answer.
        """
        ...

    def close(self) -> None:
        """Free what answers; the executor can't be used afterwards."""
        ...


class Alone:
    """One engine in this process answers everything, one errand after another.

    Attributes:
        version: Of the engine.
        margins: Of its decisions between tokens.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.version = engine.version
        self.margins = margins_of(engine)

    def answer(self, errands: Sequence[Errand], *, system: str, sampling: Sampling) -> Iterator[list[Answer]]:
        """Answers; see :meth:`Executor.answer`."""
        for errand in errands:
            if self._engine.weights_hash != errand.weights_hash:
                self._engine.load(errand.weights(), errand.weights_hash)
            yield answers_of(self._engine, errand.messages, system, sampling)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()


def answers_of(engine: Engine, messages: Sequence[str], system: str, sampling: Sampling) -> list[Answer]:
    """What an engine's present weights answer."""
    return engine.generate([Request(engine.chat(message, system)) for message in messages], sampling)
