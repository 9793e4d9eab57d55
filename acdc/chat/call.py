"""A call to a language model and its reply, as values: what is asked is what is hashed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

# Of UTF-8. Prose in a script that a tokenizer knows has more; digits, rare signs and foreign scripts may have one: no bound, an estimate
# on the high side.
_BYTES_PER_TOKEN = 2


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        role: Who is asked: scientist, gibberish, answers.
        label: What for, unique in a run: "t0017/harder". Not part of the hash.
        prompt: Hash of the prompt files.
        model: As asked for.
        system: System message.
        user: User message.
        temperature: 0 for greedy.
        top_p: In (0, 1].
        max_tokens: Most tokens of the reply.
        structured: Whether the reply is to be a JSON object.
        seed: Tells calls of the same words apart; the endpoint gets it, too.
        schema: JSON schema of that object, as text, for endpoints that follow one. Not part of the hash: it belongs to the prompts,
            whose hash is.
        begin: How the reply is to begin, for endpoints that continue the last message; part of the hash where there is one.
    """

    role: str
    label: str
    prompt: str
    model: str
    system: str
    user: str
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1000
    structured: bool = False
    seed: int = 0
    begin: str = ""
    schema: str = ""

    @property
    def request(self) -> dict[str, object]:
        """Everything that can change the reply."""
        found = {
            name: getattr(self, name)
            for name in (
                "role", "prompt", "model", "system", "user",
                "temperature", "top_p", "max_tokens", "structured", "seed",
            )
        }  # fmt: skip
        return {**found, "begin": self.begin} if self.begin else found

    @cached_property
    def hash(self) -> str:
        """128-bit blake2b of the request."""
        text = json.dumps(self.request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def most_tokens(self) -> tuple[int, int]:
        """Tokens of the prompt, estimated on the high side, and the most of the reply."""
        return _estimated(self.system + self.user + self.begin), self.max_tokens


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        text: The reply; "" where there was none.
        model: As the endpoint reports it.
        prompt_tokens, tokens: As the endpoint counts them; 0 where it does not.
        finish: stop, length, content_filter; "too-long" where the prompt exceeds the model's context.
    """

    text: str
    model: str
    prompt_tokens: int
    tokens: int
    finish: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The reply of a transcript's line."""
        return cls(
            str(value["text"]),
            str(value["model"]),
            int(value["prompt_tokens"]),
            int(value["tokens"]),
            str(value["finish"]),
        )


def spent_on(call: Call, reply: Reply) -> tuple[int, int]:
    """What a call counts towards a budget: tokens of prompt and reply, as the endpoint counts them.

    An endpoint that does not count must not make a budget endless: prompt and reply, each where its count is 0, are estimated from
    their texts.
    """
    if reply.finish == "too-long":
        return reply.prompt_tokens, reply.tokens
    prompt, longest = call.most_tokens
    return reply.prompt_tokens or prompt, reply.tokens or min(longest, _estimated(reply.text))


def _estimated(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)
