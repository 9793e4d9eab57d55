"""Batches of one width decoded side by side, with those still writing put together as others end.

Most answers are short and a few are long; alone, every batch would run until its longest answer ends, with most rows
computed for nothing. Here all batches of a width pause at fixed steps, and the rows that still write move into as few
batches as hold them. Shapes stay a function of (rows, width, step) alone, so a row has the same bits as if it had never
moved; the tests of the engine compare them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from acdc.engines.buckets import Batch
from acdc.engines.decoding import (
    Decoded,
    RoomyLayer,
    attends_fully,
    forward,
    mask_of,
    new_cache,
    numerical_failure,
)
from acdc.engines.engine import Sampling
from acdc.engines.sampling import Chosen, choose
from acdc.engines.settling import Settle, bound
from acdc.errors import NumericalError

Stopped = Callable[[npt.NDArray[np.int64], npt.NDArray[np.bool_]], npt.NDArray[np.bool_]]
_FIRST_PAUSE = 8  # steps; pauses come at 8, 16, 24, 32, 48, 64, 96, …
_STOP_EVERY = 8  # steps between looks at the texts; what is written past a stop text is cut off afterwards


class _Output:
    """What all rows of a group have written so far."""

    def __init__(self, batches: Sequence[Batch], budget: int, certainties: bool) -> None:
        rows = sum(len(batch.lengths) for batch in batches)
        self._batches = batches
        self.tokens = torch.zeros(rows, budget, dtype=torch.long)
        self.logprobs = torch.zeros(rows, budget)
        self.certainties = torch.zeros(rows, budget) if certainties else None
        self.ends = torch.full((rows,), -1)

    def text(self, slot: int, step: int) -> list[int]:
        """The prompt of a row and what it has written before a step."""
        batch, row = (
            self._batches[slot // len(self._batches[0].lengths)],
            slot % len(self._batches[0].lengths),
        )
        prompt: list[int] = batch.tokens[row, -int(batch.lengths[row]) :].tolist()
        return [*prompt, *self.tokens[slot, :step].tolist()]

    def of(self, rows: slice) -> Decoded:
        """What these rows have written."""
        certainties = None if self.certainties is None else self.certainties[rows].numpy()
        return Decoded(
            self.tokens[rows].numpy(), self.logprobs[rows].numpy(), self.ends[rows].numpy(), certainties
        )


class _Lane:
    """A batch on its way: its rows' places in the output, and the model's state of them."""

    def __init__(self, model: Any, batch: Batch, offset: int, budget: int) -> None:
        rows, width = batch.tokens.shape
        self.slots = torch.arange(rows) + offset
        self.tokens = torch.from_numpy(batch.tokens)
        self.present = torch.ones(rows, width + budget, dtype=torch.bool)
        self.present[:, :width] = torch.arange(width) >= width - torch.from_numpy(batch.lengths)[:, None]
        self.positions = (self.present[:, :width].cumsum(dim=1) - 1).clamp_(min=0)
        self.streams = batch.streams
        self.done = torch.arange(rows) >= batch.used
        self.width, self.cache = width, new_cache(model)

    def run(
        self,
        model: Any,
        steps: range,
        sampling: Sampling,
        end_tokens: Tensor,
        output: _Output,
        stopped: Stopped | None,
        settle: Settle | None,
    ) -> None:
        """Write one token a step, until all rows have ended or the steps are over."""
        full = attends_fully(model)
        for step in steps:
            mask = mask_of(self.present[:, : self.width + step], self.tokens.shape[1], full)
            logits = forward(model, self.tokens, mask, self.positions, 1, self.cache)[:, 0]
            writing = ~self.done
            total = logits.logsumexp(
                dim=-1
            )  # finite if and only if no logit is NaN and the largest is finite
            if bool((writing & ~total.isfinite()).any()):
                raise self._failure(model, writing & ~total.isfinite(), step, output)
            chosen = choose(logits, sampling, self.streams, step, below=bound(sampling) if settle else 0.0)
            token = chosen.tokens if settle is None else self._settled(chosen, sampling, step, output, settle)
            slots = self.slots[writing]
            output.tokens[slots, step] = token[writing]
            logprobs = logits.gather(-1, token[:, None]).squeeze(-1) - total
            output.logprobs[slots, step] = logprobs[writing]
            if output.certainties is not None:
                output.certainties[slots, step] = certainty_of(logits, total)[writing]
            ended = torch.isin(token, end_tokens) & writing
            output.ends[self.slots[ended]] = step
            self.done = self.done | ended
            if stopped is not None and step % _STOP_EVERY == _STOP_EVERY - 1:
                texts = output.tokens[self.slots, : step + 1].numpy()
                self.done = self.done | torch.from_numpy(stopped(texts, (~self.done).numpy()))
            self.tokens, self.positions = token[:, None], self.positions[:, -1:] + 1
            if bool(self.done.all()):
                return

    def _failure(self, model: Any, broken: Tensor, step: int, output: _Output) -> NumericalError:
        """The error for the first row whose logits are NaN or infinite."""
        slot = int(self.slots[int(broken.nonzero()[0])])
        prompt = len(output.text(slot, 0))
        return numerical_failure(model, f"token {step + 1} of the answer to a prompt of {prompt} tokens")

    def _settled(
        self, chosen: Chosen, sampling: Sampling, step: int, output: _Output, settle: Settle
    ) -> Tensor:
        """The tokens, with those that float32 cannot tell apart chosen in float64."""
        close = torch.nonzero((chosen.margins < bound(sampling)) & ~self.done).squeeze(1).tolist()
        for row in close:
            text = output.text(int(self.slots[row]), step)
            margin, stream = float(chosen.margins[row]), int(self.streams[row])
            chosen.tokens[row] = settle(text, sampling, stream, step, margin)
        return chosen.tokens


def certainty_of(logits: Tensor, total: Tensor) -> Tensor:
    """Self-certainty of each row's next token, KL(U ‖ p) = log Σ exp(z) − mean(z) − log V.

    Args:
        logits: (rows, V) float32 of :func:`acdc.engines.decoding.forward`, which makes the largest numbers of infinities.
        total: (rows,) their log Σ exp(z).

    Returns:
        (rows,) nats; infinite where a token has no probability at all: a mean over the stand-in for −∞ would be a huge number that
        beats every honest one.
    """
    vocabulary = logits.shape[-1]
    certainty = total - logits.mean(dim=-1) - math.log(vocabulary)
    # One stand-in alone moves the mean by its V-th part, several make it overflow, to either side. To look for them among the logits
    # takes longer than all else here.
    sound = certainty.abs() < torch.finfo(logits.dtype).max / (2 * vocabulary)
    return certainty.masked_fill(~sound, math.inf)


@torch.inference_mode()
def decode(
    model: Any,
    batches: Sequence[Batch],
    sampling: Sampling,
    end_tokens: Tensor,
    stopped: Stopped | None = None,
    settle: Settle | None = None,
) -> list[Decoded]:
    """Write until every row has ended or the budget is spent.

    Args:
        model: A transformers causal language model in evaluation mode.
        batches: Left-padded prompts of one shape; rows past a batch's `used` are dummies.
        sampling: How tokens are chosen; `stop` is left to the caller.
        end_tokens: (k,) int64 ids that end an answer.
        stopped: Asked now and then with the (rows, steps) tokens so far and the (rows,) rows still writing; says which
            rows need no more tokens. It only saves time.
        settle: Chooses a token where float32 is too close to call; None: float32 chooses.

    Returns:
        One a batch, in order.
    """
    rows, budget = batches[0].tokens.shape[0], sampling.max_new_tokens
    output = _Output(batches, budget, sampling.logprobs)
    lanes = [_Lane(model, batch, rows * number, budget) for number, batch in enumerate(batches)]
    for steps in _stages(budget):
        for lane in lanes:
            lane.run(model, steps, sampling, end_tokens, output, stopped, settle)
        lanes = _repacked(model, [lane for lane in lanes if not bool(lane.done.all())], rows)
        if not lanes:
            break
    return [output.of(slice(start, start + rows)) for start in range(0, rows * len(batches), rows)]


def _stages(budget: int) -> Iterator[range]:
    """Steps between pauses: eighths at first, then each half as long as what came before."""
    start = 0
    while start < budget:
        stop = min(budget, start + max(_FIRST_PAUSE, start // 2 // _FIRST_PAUSE * _FIRST_PAUSE))
        yield range(start, stop)
        start = stop


def _repacked(model: Any, lanes: list[_Lane], rows: int) -> list[_Lane]:
    """The rows that still write, in as few lanes as hold them; the lanes themselves if none can be saved."""
    alive = [torch.nonzero(~lane.done).squeeze(1) for lane in lanes]
    needed = -(-sum(len(one) for one in alive) // rows)
    if needed >= len(lanes) or not all(
        type(layer) is RoomyLayer for lane in lanes for layer in lane.cache.layers
    ):
        return lanes
    order = [(lane, int(row)) for lane, kept in enumerate(alive) for row in kept]
    return [
        _gathered(model, lanes, order[start : start + rows], rows) for start in range(0, len(order), rows)
    ]


def _gathered(model: Any, lanes: list[_Lane], picked: list[tuple[int, int]], rows: int) -> _Lane:
    """A lane of these rows; where they are too few, the first one fills up as a dummy."""
    filled = picked + [picked[0]] * (rows - len(picked))

    def gather(tensors: list[Tensor]) -> Tensor:
        return torch.stack([tensors[lane][row] for lane, row in filled])

    new = _Lane.__new__(_Lane)
    new.width = lanes[0].width
    new.slots = gather([lane.slots for lane in lanes])
    new.tokens = gather([lane.tokens for lane in lanes])
    new.present = gather([lane.present for lane in lanes])
    new.positions = gather([lane.positions for lane in lanes])
    new.streams = np.array([lanes[lane].streams[row] for lane, row in filled], dtype=np.uint64)
    new.done = torch.arange(rows) >= len(picked)
    new.cache = new_cache(model)
    caches = [lane.cache.layers for lane in lanes]
    new.cache.layers = [
        RoomyLayer.of(
            gather([layers[depth].keys for layers in caches]),
            gather([layers[depth].values for layers in caches]),
            caches[0][depth],
        )
        for depth in range(len(caches[0]))
    ]
    return new
