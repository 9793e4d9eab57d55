"""Choosing the next token of each row from that row's logits and that row's random stream.

Guarantees: what a row draws depends on its logits, its stream key and the step alone. Draws are counter-based: the
uniform number of (stream, step) is a hash of both (SplitMix64, Steele et al. 2014), so there is no generator state to
share, to advance out of order, or to lose at a restart. A token is drawn by inverting the row's cumulative distribution
in float64.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from acdc.engines.engine import Sampling

if TYPE_CHECKING:
    from torch import Tensor

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser: a bijection of 64-bit words whose output bits depend on every input bit."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def uniforms(streams: npt.NDArray[np.uint64], step: int) -> npt.NDArray[np.float64]:
    """One number in [0, 1) per stream for this step.

    Args:
        streams: (rows,) stream keys. They are hashed first, so neighbouring keys give unrelated streams.
        step: Index of the token, from 0.
    """
    count = np.full_like(streams, step + 1)
    return (_mix(_mix(streams + _GOLDEN) + count * _GOLDEN) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choose(logits: "Tensor", sampling: Sampling, streams: npt.NDArray[np.uint64], step: int) -> "Tensor":
    """The next token of every row.

    Args:
        logits: (rows, vocabulary) float32 without NaN.
        sampling: Temperature 0 takes the first of the largest logits.
        streams: (rows,) stream keys.
        step: Index of the token, from 0.

    Returns:
        (rows,) int64 token ids.
    """
    import torch

    if sampling.temperature == 0.0:
        return logits.argmax(dim=-1)
    probabilities = (logits.double() / sampling.temperature).softmax(dim=-1)
    order = None
    if sampling.top_p < 1.0:
        probabilities, order = probabilities.sort(dim=-1, descending=True, stable=True)
        # a token stays if those more probable than it do not reach top_p, so at least one stays
        before = probabilities.cumsum(dim=-1) - probabilities
        probabilities = probabilities.masked_fill(before >= sampling.top_p, 0.0)
    cumulative = probabilities.cumsum(dim=-1)
    draw = torch.from_numpy(uniforms(streams, step)).unsqueeze(-1) * cumulative[:, -1:]
    index = torch.searchsorted(cumulative, draw, right=True).clamp_(max=logits.shape[-1] - 1)
    # rounding may put a draw at the very end, where probabilities are 0: the last token that may be drawn
    last = (cumulative < cumulative[:, -1:]).sum(dim=-1, keepdim=True)
    index = torch.minimum(index, last)
    if order is not None:
        index = order.gather(-1, index)
    return index.squeeze(-1)
