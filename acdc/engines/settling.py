"""Close decisions between tokens, made again in float64, so that no processor's rounding decides them.

Kernels add in different orders, so a float32 logit differs between processors by some 1e-5. Where the two best tokens (or a draw and
the border of its interval) are further apart than that, every processor chooses the same token. Where they are closer than `below`, the
row's whole text is read again by a copy of the model in float64, alone and unpadded, and that copy decides. Float64 logits differ
between processors by some 1e-13; logits that are equal to 1e-9 are a tie, and the first of tied tokens is taken.

transformers computes norms, softmax and rotary angles in float32 whatever the model's dtype. :class:`_NoFloat32` keeps float64 there.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from acdc.engines.engine import Sampling
from acdc.engines.sampling import choose
from acdc.numbers.margins import Margins

GREEDY_BELOW = 1e-3
"""Difference of two logits below which float64 decides: some fifty times the float32 error of small models."""
DRAWN_BELOW = 1e-4
"""Difference of two probabilities, likewise; more at low temperatures."""
_LOGIT_ERROR = 1e-4  # some six times the float32 error of a logit of small models
LARGEST = 1_000_000_000
"""Parameters up to which a model gets a float64 copy, which takes eight bytes for each of them."""
_DIGITS = 9

Settle = Callable[[Sequence[int], Sampling, int, int, float], int]
"""(tokens so far, sampling, stream key, step, margin in float32) -> the token that float64 chooses."""


def bound(sampling: Sampling) -> float:
    """The margin below which float64 decides."""
    if sampling.temperature == 0:
        return GREEDY_BELOW
    return max(
        DRAWN_BELOW, _LOGIT_ERROR / (4 * sampling.temperature)
    )  # a logit moves a probability by p(1 − p)/T at most


def kind(sampling: Sampling) -> str:
    """What these decisions are called among margins."""
    return "greedy token" if sampling.temperature == 0 else "sampled token"


class _NoFloat32(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch does not type it
    """Turns every conversion to float32 into one to float64."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """One operation, with float64 where float32 is asked for."""
        wide = {name: _wide(value) for name, value in (kwargs or {}).items()}
        return func(*map(_wide, args), **wide)


def _wide(value: Any) -> Any:
    return torch.float64 if value is torch.float32 else value


class Settler:
    """Decides close calls of one engine.

    Args:
        model: The engine's float32 model; its weights are copied when a decision needs them.
        margins: Receives what was decided, and how closely.
    """

    def __init__(self, model: Any, margins: Margins) -> None:
        self._model, self._margins = model, margins
        self._copy: Any = None
        self._stale = True

    def weights_changed(self) -> None:
        """The model has other weights now."""
        self._stale = True

    def settle(self, tokens: Sequence[int], sampling: Sampling, stream: int, step: int, margin: float) -> int:
        """The next token by float64.

        Args:
            tokens: Prompt and reply so far.
            sampling: How tokens are chosen.
            stream: Key of the row's random stream.
            step: Index of the token in the reply.
            margin: What float32 gave.
        """
        logits = self._logits(tokens)
        keys = np.array([stream], dtype=np.uint64)
        chosen = choose(
            logits.mul(10**_DIGITS).round_().div_(10**_DIGITS), sampling, keys, step, below=np.inf
        )
        exact = float(chosen.margins[0])
        distance = exact if exact > 10**-_DIGITS else math.inf  # a tie is broken by rule and has no distance
        self._margins.note(kind(sampling), distance, count=0, settled=1)
        self._margins.note("float32 error below its bound", bound(sampling) - abs(exact - margin))
        return int(chosen.tokens[0])

    @torch.inference_mode()
    def _logits(self, tokens: Sequence[int]) -> Tensor:
        """(1, vocabulary) float64."""
        with _NoFloat32():  # type: ignore[no-untyped-call]
            model = self._in_float64()
            ids = torch.tensor([list(tokens)])
            logits: Tensor = model(input_ids=ids, use_cache=False).logits
        return logits[:, -1].nan_to_num_()

    def _in_float64(self) -> Any:
        if self._copy is None:
            before = torch.get_default_dtype()
            torch.set_default_dtype(torch.float64)
            try:
                self._copy = type(self._model)(self._model.config).double().eval().requires_grad_(False)
            finally:
                torch.set_default_dtype(before)
        if self._stale:
            self._copy.load_state_dict(self._model.state_dict())
            self._stale = False
        return self._copy


def settler_of(model: Any, dtype: str, margins: Margins) -> Settler | None:
    """A settler where float32 decisions can be settled: in float32, on a CPU, up to `LARGEST` parameters."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Settler(model, margins) if dtype == "float32" and parameters <= LARGEST else None
