"""A model behind an OpenAI-compatible endpoint in the place of an engine: requests in, answers out.

`ApiModel.chat` keeps the turns of a prompt as they are, as JSON, and the endpoint applies its own chat template; `generate` sends
them and returns :class:`acdc.engines.engine.Answer` in the order of the requests. So whatever asks an engine (the harness with its
cache, lm-eval's task code) can ask an endpoint.

Guarantees: a reply is kept on arrival (`evals.answering.api_ledger`), so an interrupted evaluation pays for nothing twice; without the key
nothing is asked; token budget and stop texts are those of the benchmark. Stop texts are applied to what came, since endpoints take
few of them or none. Not guaranteed: that an endpoint answers the same tomorrow, honours `seed` or `temperature`, or counts tokens.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.chat.call import Call, Reply
from acdc.chat.client import Chat
from acdc.chat.outages import Outage
from acdc.chat.preflight import require_served
from acdc.chat.settings import EndpointSettings
from acdc.engines.engine import Answer, Request, Sampling
from acdc.errors import InfrastructureError, InputError
from evals.answering.api_ledger import ApiLedger

if TYPE_CHECKING:
    from torch import Tensor

_VERSION = 1
_SEED_BITS = 31  # what every endpoint takes


def not_run(settings: EndpointSettings) -> str:
    """Why an endpoint cannot be asked here; empty where it can."""
    if settings.key_env and not os.environ.get(settings.key_env):
        return f"no key: the environment variable {settings.key_env} is not set"
    return ""


def identity(settings: EndpointSettings) -> str:
    """What replaces the hash of weights that cannot be read: the model's name at its endpoint."""
    return "api:" + hashlib.blake2b(settings.model.encode(), digest_size=12).hexdigest()


def messages(user: str, system: str = "") -> str:
    """A prompt as an endpoint gets it: the turns as JSON. What a benchmark puts after it is the begin of the reply."""
    turns = [{"role": "system", "content": system}] if system else []
    return json.dumps([*turns, {"role": "user", "content": user}], ensure_ascii=True)


class ApiModel:
    """An endpoint with the face of an :class:`acdc.engines.engine.Engine`.

    Args:
        name: The row's name; replies are kept under it.
        settings: The endpoint.
        ledger: The file that keeps replies.

    Attributes:
        version: Takes part in every cache key.
        weights_hash: Of :func:`identity`, whatever is loaded.
        failure: Why nothing more can be asked (wrong key, budget spent, outage); None while all is well.
    """

    def __init__(self, name: str, settings: EndpointSettings, ledger: Path) -> None:
        self.role = f"api:{name}"
        self.version = f"api {_VERSION} {settings.model}"
        self.weights_hash: str | None = identity(settings)
        self.failure: InfrastructureError | None = None
        self._settings, self._path = settings, ledger
        self._chat: Chat | None = None
        self._ledger: ApiLedger | None = None

    def load(self, weights: "Mapping[str, Tensor]", weights_hash: str) -> None:
        """There are no weights to load; asks once whether the endpoint is there, takes the key and serves the model.

        Raises:
            InfrastructureError: It does not; the message says what to fix.
        """
        if self._chat is not None:
            return
        if reason := not_run(self._settings):
            raise InfrastructureError(f"{self.role}: {reason}; set it and run again")
        require_served(self._settings)
        self._ledger = ApiLedger(self._path)
        self._chat = Chat(self.role, self._settings, self._ledger)

    def chat(self, user: str, system: str = "") -> str:
        """The turns, untouched (:func:`messages`)."""
        return messages(user, system)

    def generate(
        self,
        requests: Sequence[Request],
        sampling: Sampling,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answers in the order of the requests; of token ids, which no endpoint tells, as many zeros as it counts tokens.

        Args:
            requests: Prompts of :meth:`chat`, each perhaps with the begin of the reply behind it.
            sampling: The same for all of them.
            progress: Called with how many answers were finished.

        Raises:
            InfrastructureError: As of :meth:`acdc.chat.client.Chat.ask`; `failure` keeps it, and after one that will not pass by
                itself nothing is asked any more.
            InputError: A prompt exceeds the model's context.
        """
        if self.failure is not None and not isinstance(self.failure, Outage):
            raise self.failure
        self.load({}, "")
        assert self._chat is not None
        try:
            replies = self._chat.ask([self._call(request, sampling) for request in requests])
        except InfrastructureError as error:
            self.failure = error
            raise
        self.failure = None
        if progress is not None:
            progress(len(replies))
        return [self._answer(reply, sampling) for reply in replies]

    def close(self) -> None:
        """Close connections and the ledger."""
        if self._chat is not None:
            self._chat.close()
        if self._ledger is not None:
            self._ledger.close()
        self._chat = self._ledger = None

    def _call(self, request: Request, sampling: Sampling) -> Call:
        try:
            turns, end = json.JSONDecoder().raw_decode(request.prompt)
            said = {turn["role"]: turn["content"] for turn in turns}
            user = said["user"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.role}: this prompt was made for another model ({error}); an endpoint takes turns of a chat, not a text"
            ) from error
        drawn = sampling.temperature > 0
        return Call(
            role=self.role,
            label=f"{request.stream:016x}",
            prompt="",
            model=self._settings.model,
            system=said.get("system", ""),
            user=user,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_new_tokens,
            seed=request.stream % (1 << _SEED_BITS) if drawn else 0,
            begin=request.prompt[end:],
        )

    def _answer(self, reply: Reply, sampling: Sampling) -> Answer:
        if reply.finish == "too-long":
            raise InputError(
                f"{self.role}: a prompt exceeds the context of {self._settings.model}; remove this endpoint or the benchmark"
            )
        cut = cut_at(reply.text, sampling.stop)
        # Whoever was cut by the budget after a stop text had finished before.
        over = reply.finish == "length" and cut == reply.text
        return Answer(cut, (0,) * reply.tokens, "length" if over else "stop", reply.prompt_tokens)


def cut_at(text: str, stops: Sequence[str]) -> str:
    """A reply up to the first stop text in it."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else text
