"""The one place where lm-eval's model interface meets our engines.

Answers are made before lm-eval asks for them, all benchmarks of a model in shared batches, so this model reads a table.
Importing this module imports lm-eval (half a second): it is imported where it is used.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from acdc.errors import InputError


class AnsweredLM(LM):  # type: ignore[misc]
    """An lm-eval model whose replies are known.

    Args:
        chat: `Engine.chat`: user and system text to prompt.
        name: Fingerprint of the chat template, for lm-eval's own request cache.
    """

    def __init__(self, chat: Callable[[str, str], str], name: str) -> None:
        super().__init__()
        self._chat = functools.lru_cache(maxsize=65536)(chat)  # requests are rebuilt for every model
        self._name = name
        self.replies: Sequence[str] = ()

    @property
    def tokenizer_name(self) -> str:
        """Fingerprint of the chat template."""
        return self._name

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The engine's prompt for one user turn, with an optional system text and an optional begin of the reply."""
        turns = [(message["role"], message["content"]) for message in chat_history]
        system = turns.pop(0)[1] if turns and turns[0][0] == "system" else ""
        begin = turns.pop()[1] if turns and turns[-1][0] == "assistant" and not add_generation_prompt else ""
        if len(turns) != 1 or turns[0][0] != "user":
            raise InputError(
                "a benchmark asks for a conversation of several turns, and engines take one: set `fewshot_as_multiturn: false`"
            )
        return self._chat(turns[0][1], system) + begin

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """The replies of the requests' questions."""
        return [self.replies[request.doc_id] for request in requests]

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Not offered by our engines."""
        raise _no_likelihood(requests)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Not offered by our engines."""
        raise _no_likelihood(requests)


def _no_likelihood(requests: Sequence[Any]) -> InputError:
    name = requests[0].task_name if requests else "this benchmark"
    return InputError(
        f"benchmark {name} compares log-likelihoods of given texts, and engines only write answers: use its generative form "
        "(`output_type: generate_until`)"
    )
