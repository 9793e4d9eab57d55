"""Prompts into batches of fixed shape, whatever the company.

A request's width follows from its own length alone and the number of rows is the same for all, so the shapes a request
is computed in are a function of the request. Within a width, prompts are ordered by length: answers of like prompts end
together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Batch:
    """One left-padded batch.

    Attributes:
        tokens: (rows, width) int64.
        lengths: (rows,) int64 tokens of each prompt; 1 for dummies.
        streams: (rows,) uint64 keys of the rows' random streams.
        members: Index of the request in each of the first `used` rows.
    """

    tokens: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    streams: npt.NDArray[np.uint64]
    members: tuple[int, ...]

    @property
    def used(self) -> int:
        """How many rows hold requests."""
        return len(self.members)


def width_of(length: int, widths: Sequence[int]) -> int:
    """The narrowest width that is *greater* than a prompt's length; beyond the last width, its multiples.

    Greater, not equal: a batch without any padding takes another attention kernel in some models.
    """
    for width in widths:
        if width > length:
            return width
    return (length // widths[-1] + 1) * widths[-1]


def batches(
    prompts: Sequence[Sequence[int]],
    streams: Sequence[int],
    *,
    rows: int,
    widths: Sequence[int],
    pad: int,
    groups: Sequence[int] | None = None,
) -> Iterator[Batch]:
    """Batches that hold every prompt once.

    Args:
        prompts: Token ids, at least one each.
        streams: Stream key of each prompt.
        rows: Rows of every batch.
        widths: Ascending widths in tokens.
        pad: Token id at padded places and in dummy rows.
        groups: A further number that prompts of a batch must share.
    """
    by_shape: dict[tuple[int, int], list[int]] = {}
    for index, prompt in enumerate(prompts):
        shape = (width_of(len(prompt), widths), groups[index] if groups is not None else 0)
        by_shape.setdefault(shape, []).append(index)
    for (width, _), members in sorted(by_shape.items()):
        members.sort(key=lambda index: (len(prompts[index]), index))
        for start in range(0, len(members), rows):
            yield _batch(prompts, streams, members[start : start + rows], rows, width, pad)


def _batch(
    prompts: Sequence[Sequence[int]],
    streams: Sequence[int],
    members: list[int],
    rows: int,
    width: int,
    pad: int,
) -> Batch:
    tokens = np.full((rows, width), pad, dtype=np.int64)
    lengths = np.ones(rows, dtype=np.int64)
    keys = np.zeros(rows, dtype=np.uint64)
    for row, index in enumerate(members):
        prompt = prompts[index]
        tokens[row, width - len(prompt) :] = prompt
        lengths[row] = len(prompt)
        keys[row] = streams[index]
    return Batch(tokens, lengths, keys, tuple(members))
