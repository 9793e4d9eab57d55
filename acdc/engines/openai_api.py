"""The `api` engine: a model behind an OpenAI-compatible endpoint. Text goes in, text comes out; weights stay what they are.

Guarantees: a request is asked once, however often `generate` is called with it after a failure; what the endpoint says
about length is believed, and a prompt that it finds too long is an error as everywhere.

Not guaranteed, because no endpoint promises it: equal answers to equal requests, even greedy ones and even with a seed.
Token ids and log-probabilities are not known; an answer holds as many `UNKNOWN` tokens as the endpoint counted. Stop
texts are applied here, after the reply: what was written beyond them has been paid for.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from acdc.chat.call import Call, Reply
from acdc.chat.client import Chat
from acdc.engines.engine import UNKNOWN, Answer, Capabilities, Request, Sampling
from acdc.engines.settings import APISettings
from acdc.errors import InfrastructureError, InputError

if TYPE_CHECKING:
    from torch import Tensor

_SYSTEM, _USER, _REPLY = (
    "\x02",
    "\x1e",
    "\x03",
)  # control characters that frame a prompt: no text of a person holds them
_SEEDS = 1 << 31  # endpoints take a seed as a 32-bit integer
_ROUND = 4  # times `concurrency`: calls between two reports of progress


class APIEngine:
    """A model behind an endpoint, as an :class:`acdc.engines.engine.Engine`.

    Attributes:
        capabilities: What it promises.
        weights_hash: Stands for the model's name: the only weights that `load` takes.

    Args:
        settings: The `engine` section of params.yaml.
    """

    capabilities = Capabilities(
        same_bits_in_any_company=False, swaps="never", token_ids=False, logprobs=False
    )

    def __init__(self, settings: APISettings) -> None:
        self._settings = settings
        self._chat = Chat("engine", settings)
        self._kept: dict[str, Reply] = {}
        self.version = f"api {settings.model}"
        name = hashlib.blake2b(f"api\x1f{settings.model}".encode(), digest_size=16)
        self.weights_hash: str | None = name.hexdigest()

    def load(self, weights: "Mapping[str, Tensor]", weights_hash: str) -> None:
        """Do nothing, for the model itself.

        Args:
            weights: None.
            weights_hash: The engine's own `weights_hash`.

        Raises:
            InputError: Anything else: the weights behind an endpoint cannot be changed.
        """
        if weights or weights_hash != self.weights_hash:
            raise InputError(
                f"engine.kind is api: the weights of {self._settings.model} can't be changed. Evolve with transformers or vllm"
            )

    def chat(self, user: str, system: str = "") -> str:
        """Both messages as one text, from which they are told apart again; the endpoint has the chat template."""
        return f"{_SYSTEM}{system}{_USER}{user}{_REPLY}"

    def generate(
        self,
        requests: Sequence[Request],
        sampling: Sampling,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answers in the order of the requests; see :meth:`acdc.engines.engine.Engine.generate`.

        A prompt that is not from :meth:`chat` is a user's message.

        Raises:
            InputError: A prompt is longer than the model's context, or holds the begin of a reply.
            InfrastructureError: The endpoint is out of reach or refuses. What was answered is kept in this engine.
        """
        calls = [self._call(index, request, sampling) for index, request in enumerate(requests)]
        size = _ROUND * self._settings.concurrency
        for start in range(0, len(calls), size):
            self._ask(calls[start : start + size])
            if progress is not None:
                progress(len(calls[start : start + size]))
        return [self._answer(index, self._kept[call.hash], sampling) for index, call in enumerate(calls)]

    def close(self) -> None:
        """Close every connection."""
        self._chat.close()

    def _ask(self, calls: Sequence[Call]) -> None:
        wanted = [
            call for call in {call.hash: call for call in calls}.values() if call.hash not in self._kept
        ]
        replies = self._chat.ask_each(wanted)
        self._kept.update(
            {call.hash: reply for call, reply in zip(wanted, replies, strict=True) if reply is not None}
        )
        lost = sum(reply is None for reply in replies)
        if lost:
            raise InfrastructureError(
                f"the endpoint {self._settings.base_url} did not answer {lost} of {len(wanted)} prompts after several "
                "attempts. Check that it runs; the same command continues"
            )

    def _call(self, index: int, request: Request, sampling: Sampling) -> Call:
        system, user = "", request.prompt
        if user.startswith(_SYSTEM):
            framed, _, begin = user.removeprefix(_SYSTEM).rpartition(_REPLY)
            system, _, user = framed.partition(_USER)
            if begin:
                raise InputError(
                    f"Prompt {index} contains the beginning of the reply ({begin[:40]!r}), and an endpoint does not accept that; use an engine "
                    "of your own"
                )
        return Call(
            role="engine",
            label=f"prompt {index}",
            prompt="",
            model=self._settings.model,
            system=system,
            user=user,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_new_tokens,
            seed=request.stream % _SEEDS if sampling.temperature > 0 else 0,
        )

    def _answer(self, index: int, reply: Reply, sampling: Sampling) -> Answer:
        if reply.finish == "too-long":
            raise InputError(
                f"Prompt {index} and a budget of {sampling.max_new_tokens} new tokens do not fit into the context of "
                f"{self._settings.model}. Shorten the prompt or the budget."
            )
        marks = [reply.text.find(mark) for mark in sampling.stop if mark in reply.text]
        text = reply.text[: min(marks)] if marks else reply.text
        finish = "length" if reply.finish == "length" and not marks else "stop"
        return Answer(text, (UNKNOWN,) * reply.tokens, finish, reply.prompt_tokens)  # type: ignore[arg-type]
