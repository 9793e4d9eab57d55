"""One forward pass over a Hugging Face causal model in fixed shapes; the decode loop is in `lanes.py`.

Guarantees: every tensor has a shape that depends on (rows, width, step) alone and every row is computed from that row
alone, so a row's logits have equal bits alone and in any company. Matrix kernels choose their summation order by shape,
which is why the number of rows is fixed and finished or missing rows are computed all the same.

Two traps on the way. transformers leaves the attention mask out, and so takes another kernel, when no row of a batch is
padded: therefore a bucket is always wider than its longest prompt (`buckets.width_of`) or the mask is made here. And a
pad position that attends to nothing may give NaN: here it attends to itself.
"""

import inspect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from acdc.engines.buckets import Batch
from acdc.errors import NumericalError


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """A key-value cache that doubles its room instead of copying everything at every token."""

    keys: Tensor
    values: Tensor
    is_initialized: bool
    _key_room: Tensor
    _value_room: Tensor

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Append (rows, heads, new, size) keys and values; return all of them as views."""
        start = self.keys.shape[-2] if self.is_initialized else 0
        end = start + key_states.shape[-2]
        if not self.is_initialized or end > self._key_room.shape[-2]:
            self._grow(key_states, value_states, start, end)
        self._key_room[:, :, start:end] = key_states
        self._value_room[:, :, start:end] = value_states
        self.keys, self.values = self._key_room[:, :, :end], self._value_room[:, :, :end]
        return self.keys, self.values

    @classmethod
    def of(cls, keys: Tensor, values: Tensor, like: "RoomyLayer") -> "RoomyLayer":
        """A layer that holds (rows, heads, length, size) keys and values, with the same room as another one."""
        layer, (rows, heads, length, _) = cls(), keys.shape
        room = like._key_room.shape[2]
        layer._key_room = keys.new_empty(rows, heads, room, keys.shape[3])
        layer._value_room = values.new_empty(rows, heads, room, values.shape[3])
        layer._key_room[:, :, :length], layer._value_room[:, :, :length] = keys, values
        layer.keys, layer.values = layer._key_room[:, :, :length], layer._value_room[:, :, :length]
        layer.dtype, layer.device, layer.is_initialized = keys.dtype, keys.device, True
        return layer

    def _grow(self, key_states: Tensor, value_states: Tensor, start: int, end: int) -> None:
        rows, heads, _, size = key_states.shape
        keys = key_states.new_empty(rows, heads, end + max(32, end // 2), size)
        values = value_states.new_empty(rows, heads, end + max(32, end // 2), value_states.shape[-1])
        if self.is_initialized:
            keys[:, :, :start], values[:, :, :start] = self.keys, self.values
        self._key_room, self._value_room = keys, values
        self.dtype, self.device, self.is_initialized = key_states.dtype, key_states.device, True


def new_cache(model: Any) -> Cache:
    """An empty key-value cache of the model, with room to grow where its layers allow."""
    cache = DynamicCache(config=model.config)
    if cache.layers:
        cache.layers = [RoomyLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def forward(
    model: Any, tokens: Tensor, mask: Tensor, positions: Tensor, keep: int, cache: Cache | None
) -> Tensor:
    """(rows, keep, vocabulary) float32 logits of the last positions; a token that is ruled out has the smallest number for −∞."""
    arguments = {
        "attention_mask": mask,
        "position_ids": positions,
        "past_key_values": cache,
        "logits_to_keep": keep,
    }
    accepted = inspect.signature(model.forward).parameters
    arguments = {name: value for name, value in arguments.items() if name in accepted}
    logits: Tensor = model(input_ids=tokens, use_cache=cache is not None, **arguments).logits
    return logits[:, -keep:].float().nan_to_num_(nan=math.nan, posinf=math.inf)


def numerical_failure(model: Any, where: str) -> NumericalError:
    """The error for logits that are NaN or infinite.

    Args:
        model: Whose logits.
        where: At which token of which text.
    """
    dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
    return NumericalError(
        f"the model computes NaN or infinite logits in {dtype} at {where}, so it has no answer. Load its family in bfloat16 or float32 "
        "(families.NAME.dtype), or leave this model out"
    )


def attends_fully(model: Any) -> bool:
    """Whether every layer attends to every earlier token, so that one mask made here serves all layers."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    known = config.model_type in {"llama", "qwen2", "qwen3", "gpt_neox", "mistral"}
    return known and kinds == {"full_attention"} and not getattr(config, "sliding_window", None)


def mask_of(present: Tensor, queries: int, full: bool) -> Tensor:
    """What the last `queries` positions may attend to.

    Args:
        present: (rows, length) bool, False where padded.
        queries: How many of the last positions ask.
        full: Make the (rows, 1, queries, length) mask here; else hand over `present` and let the model make its own.
    """
    if not full:
        return present.long()
    if queries == 1:
        return present[:, None, None, :]
    length = present.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril_()[-queries:]
    itself = torch.eye(length, dtype=torch.bool)[-queries:]
    return (causal & present[:, None, None, :]) | itself


@dataclass(frozen=True)
class Decoded:
    """What a batch wrote.

    Attributes:
        tokens: (rows, steps) ids.
        logprobs: (rows, steps) natural logarithms of the tokens' probabilities.
        certainties: (rows, steps) divergences of the next-token distributions from the uniform one; None where not asked for.
        ends: (rows,) number of tokens before the end token, -1 where none came.
    """

    tokens: npt.NDArray[np.int64]
    logprobs: npt.NDArray[np.float32]
    ends: npt.NDArray[np.int64]
    certainties: npt.NDArray[np.float32] | None = None


@torch.inference_mode()
def score(
    model: Any, batch: Batch, targets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Log-probability of each row's last tokens, and whether each of them is the most probable one.

    Args:
        model: A transformers causal language model in evaluation mode.
        batch: Left-padded prompts, each with its target except the target's last token.
        targets: (rows, keep) int64 target tokens, right-aligned, -1 before them.

    Returns:
        (rows,) sums of natural logarithms and (rows,) bool.
    """
    width, keep = batch.tokens.shape[1], targets.shape[1]
    present = torch.arange(width) >= width - torch.from_numpy(batch.lengths)[:, None]
    mask = mask_of(present, width, attends_fully(model))
    positions = (present.cumsum(dim=1) - 1).clamp_(min=0)
    logits = forward(model, torch.from_numpy(batch.tokens), mask, positions, keep, None)
    wanted = torch.from_numpy(targets)
    asked = wanted >= 0
    chosen = logits.log_softmax(dim=-1).gather(-1, wanted.clamp(min=0)[..., None]).squeeze(-1)
    broken = (asked & ~chosen.isfinite()).any(dim=-1)[: batch.used]
    if bool(broken.any()):
        length = int(batch.lengths[int(broken.nonzero()[0])])
        raise numerical_failure(model, f"the end of a text of {length} tokens")
    greedy = (logits.argmax(dim=-1) == wanted) | ~asked
    return chosen.double().masked_fill(~asked, 0.0).sum(dim=-1).numpy(), greedy.all(dim=-1).numpy()
