"""What the loop, the baselines and the benchmarks ask of a language model: load weights, answer prompts.

An engine promises that an answer depends on the weights, the request and the sampling alone: never on the other requests
of the call, on their order, or on what was asked before. Where an engine can't promise that (vLLM outside its
batch-invariant mode) its `version` says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from acdc.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


UNKNOWN = -1
"""Stands in `Answer.tokens` for a token whose id the engine does not learn of."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen and when an answer ends.

    Attributes:
        temperature: 0 is greedy; otherwise logits are divided by it.
        top_p: Only the most probable tokens that together reach this probability may be drawn, in (0, 1].
        max_new_tokens: Token budget of an answer, the end token included, at least 1.
        stop: Texts that end an answer; the answer's text is cut before the first of them.
        logprobs: Whether log-probabilities and certainties are asked for; no part of what is drawn.

    Raises:
        InputError: A value lies outside its range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 512
    stop: tuple[str, ...] = ()
    logprobs: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature < float("inf"):
            raise InputError(f"Sampling temperature must be 0 (greedy) or positive, not {self.temperature}.")
        if not 0.0 < self.top_p <= 1.0:
            raise InputError(f"Sampling top_p must lie in (0, 1], not {self.top_p}.")
        if self.max_new_tokens < 1:
            raise InputError(f"Sampling max_new_tokens must be at least 1, not {self.max_new_tokens}.")
        if "" in self.stop:
            raise InputError(
                "Sampling stop holds an empty text, which would end every answer at once; remove it."
            )


@dataclass(frozen=True)
class Request:
    """One prompt.

    Attributes:
        prompt: The final text; a chat template has been applied (see :meth:`Engine.chat`).
        stream: The key of this request's own random stream, 0 ≤ stream < 2**64. Greedy answers ignore it.
    """

    prompt: str
    stream: int = 0


@dataclass(frozen=True)
class Answer:
    """One reply.

    Attributes:
        text: The decoded reply without special tokens, cut before a stop text.
        tokens: Its token ids, without the end token; with a stop text, up to the token that completed it. An engine
            that learns of no ids has as many times `UNKNOWN`.
        finish: "stop" (end token or stop text) or "length" (the budget ran out).
        prompt_tokens: How many tokens were read before the first was written.
        logprobs: Natural logarithm of the model's probability (temperature 1, no top_p) of each token in `tokens`; empty
            where it was not asked for, or the engine does not say.
        certainties: Self-certainty of each token in `tokens`: the Kullback-Leibler divergence, in nats, of the model's next-token
            distribution p over its V tokens (temperature 1, no top_p) from the uniform one, KL(U ‖ p) = −(1/V) Σ log(V · p),
            as Kang et al. define it (arXiv:2502.18581); empty as `logprobs`.
    """

    text: str
    tokens: tuple[int, ...]
    finish: Literal["stop", "length"]
    prompt_tokens: int
    logprobs: tuple[float, ...] = ()
    certainties: tuple[float, ...] = ()


@dataclass(frozen=True)
class Capabilities:
    """What an engine can promise beyond the protocol; the conformance tests hold it to this.

    Attributes:
        same_bits_in_any_company: An answer's bits do not depend on the other requests of a call or on their order.
        swaps: How `load` puts weights in place: "in place", "restart" (slow), or "never".
        token_ids: Whether `Answer.tokens` holds ids.
        logprobs: Whether `Answer.logprobs` is filled when asked for.
        certainties: Whether `Answer.certainties` is, which needs the probability of every token of the vocabulary.
    """

    same_bits_in_any_company: bool
    swaps: Literal["in place", "restart", "never"] = "in place"
    token_ids: bool = True
    logprobs: bool = True
    certainties: bool = False


class Engine(Protocol):
    """A language model whose weights can be swapped.

    Attributes:
        version: Everything about the engine that can change an answer's bits; it is part of every cache key.
        weights_hash: The hash given to the last `load`; None before the first.
    """

    version: str
    weights_hash: str | None

    def load(self, weights: "Mapping[str, Tensor]", weights_hash: str) -> None:
        """Put other weights in place; nothing of the old ones remains. InputError on other names, shapes, NaN or inf."""
        ...

    def chat(self, user: str, system: str = "") -> str:
        """The prompt text of one user turn in the family's chat template, ready for the reply."""
        ...

    def generate(
        self,
        requests: Sequence[Request],
        sampling: Sampling,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answers in the order of the requests.

        Args:
            requests: Prompts; duplicates are answered like any other.
            sampling: The same for all of them.
            progress: Called with how many answers were finished since its last call.

        Raises:
            InputError: A prompt and the budget do not fit into the model's context.
        """
        ...

    def close(self) -> None:
        """Free the model; the engine can't be used afterwards."""
        ...


class DeclaredEngine(Engine, Protocol):
    """An engine that says what it promises, as all do that :func:`acdc.engines.open_engine` opens.

    Attributes:
        capabilities: Its promises.
    """

    capabilities: Capabilities
