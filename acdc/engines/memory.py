"""What an engine will take of memory, worked out from a model's files before anything is started.

Counts what is certain: weights, key-value cache, the staging of a swap, and the logits that sampling works on. Not
counted: what a compiled graph keeps and the activations of a long prompt; a device should have a tenth free for them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acdc.errors import InputError

GIB = 2**30
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class CacheShape:
    """What one token takes in the key-value cache.

    Attributes:
        layers: Layers with attention.
        heads: Key-value heads.
        size: Numbers in a head.
    """

    layers: int
    heads: int
    size: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "CacheShape":
        """The shape that a config.json describes, whole attention in all layers assumed.

        Raises:
            InputError: It does not say how many layers, heads or how wide the model is.
        """
        text = {**config, **config.get("text_config", {})}
        try:
            heads = int(text["num_attention_heads"])
            size = int(text.get("head_dim") or int(text["hidden_size"]) // heads)
            return cls(int(text["num_hidden_layers"]), int(text.get("num_key_value_heads") or heads), size)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"config.json does not say what its key-value cache takes ({error!r}); this engine can't plan its memory."
            ) from None

    def bytes_per_token(self, dtype: str, devices: int) -> int:
        """Bytes of keys and values of one token on each of `devices`; heads that can't be shared out are repeated."""
        return 2 * self.layers * max(1, math.ceil(self.heads / devices)) * self.size * BYTES[dtype]


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes on each device, and on the host.

    Attributes:
        weights: The model's share of a device.
        least_cache: Key-value cache of one prompt and answer of the longest kind.
        cache: What the cache will have.
        staging: A swap's largest layer on the device, in place of nothing.
        sampling: Logits of all sequences, twice, as float32.
        limit: What the engine may take of the device.
        host: What a swap holds in main memory: one model's tensors, twice where they go through a checkpoint.
        per_token: Bytes of the cache for one token.
        context: Longest prompt and answer together, in tokens.
    """

    weights: int
    least_cache: int
    cache: int
    staging: int
    sampling: int
    limit: int
    host: int
    per_token: int
    context: int

    @property
    def device(self) -> int:
        """Bytes on each device."""
        return self.weights + self.cache + self.staging + self.sampling

    @property
    def full_sequences(self) -> int:
        """How many prompts and answers of the longest kind the cache holds at once."""
        return self.cache // max(1, self.per_token * self.context)

    def text(self) -> str:
        """One line for a person."""
        return (
            f"weights {_gib(self.weights)} + cache {_gib(self.cache)} + staging {_gib(self.staging)} + sampling "
            f"{_gib(self.sampling)} = {_gib(self.device)} of {_gib(self.limit)} on each device; {_gib(self.host)} of main "
            f"memory for a swap; {self.full_sequences} sequences of {self.context} tokens at once"
        )

    def check(self, where: str) -> None:
        """Refuse a plan that does not fit.

        Args:
            where: What the message calls the model.

        Raises:
            InputError: Says what is needed, what there is, and what to change.
        """
        if self.cache >= self.least_cache and self.device <= self.limit:
            return
        least = self.device - self.cache + self.least_cache
        advice = "raise engine.memory_share, lower engine.context, or spread the model over more GPUs (engine.tensor_parallel)"
        if least <= self.limit:
            advice = "set engine.cache_gib to " + (
                f"{self.least_cache / GIB:.2g} or more"
                if self.cache < self.least_cache
                else f"at most {(self.limit - self.device + self.cache) / GIB:.2g}"
            )
        raise InputError(
            f"{where} does not fit: {self.text()}. At least {_gib(least)} are needed on each device, with a cache of "
            f"{_gib(self.least_cache)} for one sequence; {advice}."
        )


@dataclass(frozen=True)
class Demand:
    """How an engine is to be set up.

    Attributes:
        dtype: What weights and cache are kept in.
        context: Longest prompt and answer together, in tokens.
        sequences: Answers written at once.
        devices: Devices that share the model.
        limit: Bytes of each device that the engine may take.
        cache: Bytes of the cache on each device; None: what is left.
        through_checkpoint: Whether weights reach the engine through files.
    """

    dtype: str
    context: int
    sequences: int
    devices: int
    limit: int
    cache: int | None
    through_checkpoint: bool


def plan_memory(shapes: Mapping[str, Sequence[int]], config: Mapping[str, Any], wanted: Demand) -> MemoryPlan:
    """The memory of an engine.

    Args:
        shapes: Of all weights (`acdc.weights.checkpoint.shapes`).
        config: The parsed config.json.
        wanted: How the engine is to be set up.
    """
    sizes = [math.prod(shape) * BYTES[wanted.dtype] for shape in shapes.values()]
    vocabulary = int(config.get("vocab_size") or config.get("text_config", {}).get("vocab_size") or 0)
    weights = -(-sum(sizes) // wanted.devices)
    staging = 2 * max(sizes, default=0) // wanted.devices  # fused projections are loaded as one layer
    sampling = 2 * 4 * wanted.sequences * vocabulary
    per_token = CacheShape.of(config).bytes_per_token(wanted.dtype, wanted.devices)
    left = max(0, wanted.limit - weights - staging - sampling)
    return MemoryPlan(
        weights=weights,
        least_cache=per_token * wanted.context,
        cache=left if wanted.cache is None else wanted.cache,
        staging=staging,
        sampling=sampling,
        limit=wanted.limit,
        host=sum(sizes) * (2 if wanted.through_checkpoint else 1),
        per_token=per_token,
        context=wanted.context,
    )


def _gib(count: int) -> str:
    return f"{count / GIB:.3g} GiB"
