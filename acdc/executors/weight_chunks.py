"""Weights in chunks for another process: a few flat arrays, in Ray's object store, without a second copy in memory.

Bytes go as they are, whatever the dtype. A receiver on the same node reads them where the sender put them (shared
memory); other nodes fetch them once.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

WeightChunk = dict[str, tuple[str, tuple[int, ...], Any]]
"""Name to dtype, shape and the (bytes,) uint8 array of a tensor."""

CHUNK_BYTES = 1 << 28  # bytes; so much may be copied at a time beside the model itself


def packed(weights: "Mapping[str, Tensor]", size: int = CHUNK_BYTES) -> Iterator[WeightChunk]:
    """The weights as chunks of about ``size`` bytes; tensors are read from the mapping one after another."""
    import torch

    chunk: WeightChunk = {}
    filled = 0
    for name in weights:
        tensor = weights[name].detach().contiguous().cpu()
        flat = tensor.reshape(-1).view(torch.uint8).numpy()
        chunk[name] = (str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), flat)
        filled += flat.nbytes
        if filled >= size:
            yield chunk
            chunk, filled = {}, 0
    if chunk:
        yield chunk


def unpacked(chunks: Iterator[WeightChunk]) -> "dict[str, Tensor]":
    """The tensors of chunks, as views of their arrays: to be read, never written."""
    import torch

    weights = {}
    with warnings.catch_warnings():
        # The arrays lie in read-only shared memory; engines copy from them and do not.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        for chunk in chunks:
            for name, (dtype, shape, flat) in chunk.items():
                kind = getattr(torch, dtype)
                # What has no bytes has no view of another type either.
                weights[name] = (
                    torch.from_numpy(flat).view(kind).reshape(shape)
                    if flat.size
                    else torch.empty(shape, dtype=kind)
                )
    return weights
