"""Asks an OpenAI-compatible endpoint for embeddings, one text a call, with everything that :class:`acdc.chat.client.Chat` promises.

A vector is kept in the transcript like any reply, as base64 of little-endian float32, so that a replay needs no endpoint and a vector
has the same bits for ever, whatever company its text had in the endpoint's batch.
"""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acdc.chat.call import Call, Reply
from acdc.chat.client import Chat
from acdc.chat.completion import complaint, count_of, reported_model

_LARGEST = float(np.finfo(np.float32).max)


class EmbeddingChat(Chat):
    """One endpoint for embeddings; the text of a call is its user message, the text of its reply the vector."""

    async def _attempt(self, call: Call, body: dict[str, Any]) -> Reply:
        assert self._client is not None
        try:
            done = await self._client.embeddings.create(**body)
        except RecursionError:
            raise ValueError("JSON nested too deeply") from None
        return embedding_of(done, call.model)

    def _body(self, call: Call) -> dict[str, object]:
        # Numbers, not the client's default of base64: every endpoint knows them.
        return {"model": call.model, "input": [call.user], "encoding_format": "float"}


def embedding_of(done: object, model: str) -> Reply:
    """The reply in what the ``openai`` client made of an answer to one text.

    Args:
        done: Its list of embeddings, or whatever else came with status 200.
        model: As asked for, where the endpoint does not say.

    Raises:
        ValueError: There is no vector of finite numbers; the message says what the answer says of itself, where it does.
    """
    data = getattr(done, "data", None)
    values = getattr(data[0], "embedding", None) if isinstance(data, list) and data else None
    if not isinstance(values, list) or not values or not all(map(_is_float32, values)):
        raise ValueError(f"a reply without an embedding{complaint(done)}")
    return Reply(
        base64.b64encode(np.array(values, dtype="<f4").tobytes()).decode("ascii"),
        reported_model(done, model),
        count_of(getattr(done, "usage", None), "prompt_tokens"),
        0,
        "stop",
    )


def _is_float32(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < _LARGEST  # nan is not


def vector_of(reply: Reply) -> NDArray[np.float64]:
    """The vector in a reply; raises ValueError where there is none."""
    return np.frombuffer(base64.b64decode(reply.text, validate=True), dtype="<f4").astype(np.float64)
