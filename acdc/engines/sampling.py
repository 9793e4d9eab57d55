"""Choosing the next token of each row from that row's logits and that row's random stream.

Guarantees: what a row draws depends on its logits, its stream key and the step alone. Draws are counter-based: the
uniform number of (stream, step) is a hash of both (SplitMix64, Steele et al. 2014), so there is no generator state to
share, to advance out of order, or to lose at a restart. A token is drawn by inverting the row's cumulative distribution
in float64.
"""

from typing import TYPE_CHECKING, NamedTuple

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


class Chosen(NamedTuple):
    """The next token of every row, and how close the decision was.

    Attributes:
        tokens: (rows,) int64 ids.
        margins: (rows,) float64 distance from another token: of logits where greedy, of probabilities where drawn; `below` or more
            where nothing is closer than that.
    """

    tokens: "Tensor"
    margins: "Tensor"


def choose(
    logits: "Tensor",
    sampling: Sampling,
    streams: npt.NDArray[np.uint64],
    step: int,
    *,
    below: float = 0.0,
) -> Chosen:
    """The next token of every row.

    Args:
        logits: (rows, vocabulary) float32 or float64 without NaN.
        sampling: Temperature 0 takes the first of the largest logits.
        streams: (rows,) stream keys.
        step: Index of the token, from 0.
        below: Margins from here on need not be told apart; 0: no margin is looked for.
    """
    import torch

    if sampling.temperature == 0.0:
        return Chosen(logits.argmax(dim=-1), _lead(logits, below))
    probabilities = (logits.double() / sampling.temperature).softmax(dim=-1)
    order = sorted_whole = None
    margins = torch.full((len(logits),), np.inf, dtype=torch.float64)
    if sampling.top_p < 1.0:
        probabilities, order = probabilities.sort(dim=-1, descending=True, stable=True)
        sorted_whole = probabilities
        # a token stays if those more probable than it do not reach top_p, so at least one stays
        before = probabilities.cumsum(dim=-1) - probabilities
        margins = (before[:, 1:] - sampling.top_p).abs().amin(dim=-1)
        probabilities = probabilities.masked_fill(before >= sampling.top_p, 0.0)
    cumulative = probabilities.cumsum(dim=-1)
    draw = torch.from_numpy(uniforms(streams, step)).unsqueeze(-1) * cumulative[:, -1:]
    index = torch.searchsorted(cumulative, draw, right=True).clamp_(max=logits.shape[-1] - 1)
    # rounding may put a draw at the very end, where probabilities are 0: the last token that may be drawn
    last = (cumulative < cumulative[:, -1:]).sum(dim=-1, keepdim=True)
    index = torch.minimum(index, last)
    margins = torch.minimum(margins, _inside(cumulative, draw, index, last))
    if order is not None and sorted_whole is not None:
        margins = torch.minimum(margins, _apart(sorted_whole, index))
        index = order.gather(-1, index)
    return Chosen(index.squeeze(-1), margins)


def _lead(logits: "Tensor", below: float) -> "Tensor":
    """(rows,) how far the best logit is above the second, where it is less than `below`; `below` elsewhere."""
    import torch

    margins = torch.full((len(logits),), below, dtype=torch.float64)
    if below == 0:
        return margins
    near = (logits > logits.amax(dim=-1, keepdim=True) - below).sum(dim=-1) > 1
    if bool(near.any()):
        two = logits[near].topk(2, dim=-1).values.double()
        margins[near] = two[:, 0] - two[:, 1]
    return margins


def _inside(cumulative: "Tensor", draw: "Tensor", index: "Tensor", last: "Tensor") -> "Tensor":
    """(rows,) how far a draw is from the nearer border of its token's interval; the ends of the unit interval are no borders."""
    above = (cumulative.gather(-1, index) - draw).masked_fill(index >= last, np.inf)
    below = (draw - cumulative.gather(-1, (index - 1).clamp(min=0))).masked_fill(index == 0, np.inf)
    return above.minimum(below).clamp_(min=0.0).squeeze(-1)


def _apart(probabilities: "Tensor", index: "Tensor") -> "Tensor":
    """(rows,) how far a sorted token's probability is from its neighbours', inside the nucleus or not: they might change places."""
    mine = probabilities.gather(-1, index)
    more = (probabilities.gather(-1, (index - 1).clamp(min=0)) - mine).masked_fill(index == 0, np.inf)
    end = probabilities.shape[-1] - 1
    less = (mine - probabilities.gather(-1, (index + 1).clamp(max=end))).masked_fill(index == end, np.inf)
    return more.minimum(less).squeeze(-1)
