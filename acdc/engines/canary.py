"""Does the engine answer with the weights that were meant? Asked at every swap, before any other prompt.

Two ways are known in which an engine answers with other weights than it was given, both silently (`docs/engines.md`):
the *stale head* (a tied output head keeps a packed copy of the old embedding) and the *stale prefix cache* (keys and
values that the old weights computed are read for a prompt that was asked before). A canary is a fixed prompt that is
asked under the old weights, so that it is in the cache, and again under the new ones. Three things are checked:

- nothing of it was in the cache;
- values of every parameter that the engine keeps under the checkpoint's name, and the head's logits of a fixed hidden
  state where the architecture's head is a plain product, agree with the tensors;
- *full*: the log-probabilities of the canary's next token agree with those of a forward pass by transformers over the
  very tensors that were meant, so that any wrong weight that matters to the answer shows.

*Probe* leaves the last one out, for models where a forward pass on the host costs too much: fused projections are
then not looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from acdc.engines.engine import Sampling
from acdc.engines.memory import BYTES
from acdc.engines.vllm_worker import spaced
from acdc.errors import InfrastructureError
from acdc.streams import stream

if TYPE_CHECKING:
    from torch import Tensor

    from acdc.engines.vllm_adapter import Raw

TOLERANCE = {"float32": 2e-3, "float16": 0.02, "bfloat16": 0.1}
"""Largest difference of a log-probability from a float32 forward pass, in nats, with room to spare."""

_HEAD_TOLERANCE = {"float32": 1e-4, "float16": 5e-3, "bfloat16": 3e-2}  # of the largest logit
_PLAIN_HEADS = {
    "llama",
    "qwen2",
    "qwen3",
    "mistral",
}  # logits are the head times the hidden state, nothing more
_FULL_UP_TO = 2e9  # bytes of weights; a forward pass over more takes seconds
_LENGTH = 40  # tokens: one block of a prefix cache and some more
_TOP = 16  # log-probabilities that are compared
_SAMPLES = 64  # values of a parameter, rows of a head
_ONCE = Sampling(max_new_tokens=1)


class Asked(Protocol):
    """What the canary asks of an engine; :class:`acdc.engines.vllm_adapter.Adapter` is one."""

    def ask(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        seeds: Sequence[int | None],
        end_tokens: Sequence[int],
        *,
        logprobs: int | None = 0,
    ) -> "list[Raw]":
        """Answers to token ids."""
        ...

    def sample(self, names: list[str], count: int) -> dict[str, tuple[list[int], list[float]]]:
        """Shapes and evenly spaced values of parameters."""
        ...

    def head(self, vector: list[float], rows: list[int]) -> list[float]:
        """Logits of a hidden state."""
        ...


@dataclass(frozen=True)
class Seen:
    """What the last canary saw.

    Attributes:
        difference: Largest difference of a log-probability from what was meant, in nats; None without a forward pass.
        before: The same of the answer under the old weights: where it is no larger than the tolerance, the old weights
            would have passed, because they answer alike.
        parameters: Parameters of which values were compared.
    """

    difference: float | None
    before: float | None
    parameters: int


class Canary:
    """The canary of one engine.

    Args:
        model_dir: Model directory of the architecture.
        config: Its parsed config.json.
        shapes: Of its weights.
        mode: "full", "probe", or "auto" by size.
        tolerance: In nats; None: by dtype.
        dtype: What the engine computes in.
    """

    def __init__(
        self,
        model_dir: Path,
        config: Mapping[str, Any],
        shapes: Mapping[str, Sequence[int]],
        mode: Literal["auto", "full", "probe"],
        tolerance: float | None,
        dtype: str,
    ) -> None:
        self._model_dir, self._dtype = model_dir, dtype
        self._tolerance = tolerance or TOLERANCE[dtype]
        size = sum(int(np.prod(shape)) for shape in shapes.values()) * BYTES[dtype]
        self._full = mode == "full" or (mode == "auto" and size <= _FULL_UP_TO)
        self._forced = mode == "full"
        self._plain = config.get("model_type") in _PLAIN_HEADS
        vocabulary = int(config.get("vocab_size") or config.get("text_config", {}).get("vocab_size") or 1)
        self._prompt = canary_prompt(vocabulary, _LENGTH)
        self._names = sorted(shapes)
        self._reference: Reference | None = None
        self._old: Raw | None = None
        self.seen: Seen | None = None

    def before(self, engine: Asked) -> None:
        """Ask under the old weights: from now on the prompt is in the prefix cache."""
        self._old = self._ask(engine)

    def after(self, engine: Asked, weights: "Mapping[str, Tensor]") -> None:
        """Ask under the new weights, and compare.

        Args:
            engine: That answers now.
            weights: That were meant.

        Raises:
            InfrastructureError: It answers with others; the message says in what that showed.
        """
        new = self._ask(engine)
        if new.cached:
            raise _stale(f"{new.cached} tokens of a prompt came out of the prefix cache of the old ones")
        parameters = self._compare_values(engine, weights)
        if self._plain:
            self._compare_head(engine, weights)
        difference = before = None
        if self._full and (self._forced or self._of_transformers().knows(weights)):
            meant = self._of_transformers().logprobs(weights, self._prompt)
            difference = _largest(new.top, meant)
            before = _largest(self._old.top, meant) if self._old is not None else None
            if not difference <= self._tolerance:
                raise _stale(
                    f"a log-probability is {difference:.3g} nats off, {self._tolerance:g} are allowed (engine.tolerance)"
                )
        self._old, self.seen = None, Seen(difference, before, parameters)

    def _ask(self, engine: Asked) -> "Raw":
        return engine.ask([self._prompt], _ONCE, [None], [], logprobs=_TOP)[0]

    def _of_transformers(self) -> "Reference":
        if self._reference is None:
            self._reference = Reference(self._model_dir)
        return self._reference

    def _compare_values(self, engine: Asked, weights: "Mapping[str, Tensor]") -> int:
        import torch

        dtype = getattr(torch, self._dtype)
        compared = 0
        for name, (shape, values) in engine.sample(self._names, _SAMPLES).items():
            meant = weights[name]
            if list(meant.shape) != shape:  # a part of it on this device, padded, or repacked
                continue
            compared += 1
            if not torch.equal(
                torch.tensor(values).to(dtype), torch.tensor(spaced(meant.to(dtype), _SAMPLES)).to(dtype)
            ):
                raise _stale(f"the engine's {name} is another one")
        return compared

    def _compare_head(self, engine: Asked, weights: "Mapping[str, Tensor]") -> None:
        import torch

        found = next(
            (weights[name] for name in ("lm_head.weight", "model.embed_tokens.weight") if name in weights),
            None,
        )
        if found is None:
            return
        vocabulary, width = found.shape
        dtype = getattr(torch, self._dtype)
        hidden = torch.from_numpy(stream(0, "canary hidden state").standard_normal(width)).to(dtype)
        rows = list(range(0, vocabulary, max(1, vocabulary // _SAMPLES)))
        meant = found[rows].to(dtype).double() @ hidden.double()
        said = torch.tensor(engine.head([float(value) for value in hidden], rows)).double()
        difference = float((said - meant).abs().max() / meant.abs().max().clamp(min=1e-12))
        if not difference <= _HEAD_TOLERANCE[self._dtype]:
            raise _stale(
                f"its output head multiplies with another matrix (off by {difference:.2g} of the largest logit)"
            )


def _largest(top: Mapping[int, float], meant: "Tensor") -> float:
    return max(abs(value - float(meant[token])) for token, value in top.items())


def _stale(how: str) -> InfrastructureError:
    return InfrastructureError(
        f"after a swap vLLM does not answer with the new weights: {how}. No answer of it was used. Set "
        "`engine: {swap: restart}`: slower, and right"
    )


def canary_prompt(vocabulary: int, length: int) -> list[int]:
    """Token ids of the fixed prompt; long enough, a part of it is in the prefix cache whenever it was asked before."""
    drawn = stream(0, "canary prompt").integers(vocabulary, size=length)
    return [int(token) for token in drawn]


class Reference:
    """What transformers says about the canary, over tensors that are not copied, where they are float32.

    Args:
        model_dir: A model directory; only its config.json is read.
    """

    def __init__(self, model_dir: Path) -> None:
        import torch
        import transformers

        config = transformers.AutoConfig.from_pretrained(model_dir, local_files_only=True)
        with torch.device("meta"):  # a model without weights
            self._model: Any = transformers.AutoModelForCausalLM.from_config(
                config, dtype=torch.float32
            ).eval()
        for module in self._model.modules():  # what no checkpoint holds (rotary frequencies) is computed here
            if module._buffers:
                for name, buffer in module._buffers.items():
                    module._buffers[name] = None if buffer is None else torch.empty_like(buffer, device="cpu")
                self._model._init_weights(module)

    def knows(self, names: Iterable[str]) -> bool:
        """Whether transformers' model has all these weights by these names; some checkpoints are renamed as they load."""
        return set(names) <= set(self._model.state_dict())

    def logprobs(self, weights: "Mapping[str, Tensor]", prompt: Sequence[int]) -> "Tensor":
        """(vocabulary,) natural logarithms of the probabilities of the token after the prompt.

        Args:
            weights: All weights; a tied head may be left out. Computed in float32.
            prompt: Token ids.
        """
        import torch

        tokens = torch.tensor([list(prompt)])
        state = {name: tensor.float() for name, tensor in weights.items()}
        with torch.inference_mode():
            out = torch.func.functional_call(
                self._model, state, (tokens,), {"use_cache": False}, tie_weights=True
            )
        logprobs: Tensor = out.logits[0, -1].float().log_softmax(-1)
        return logprobs
