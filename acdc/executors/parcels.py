"""Weights on their way to another process: a few flat arrays, in Ray's object store, without a second copy in memory.

Bytes go as they are, whatever the dtype. A receiver on the same node reads them where the sender put them (shared
memory); other nodes fetch them once.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Parcel = dict[str, tuple[str, tuple[int, ...], Any]]
"""Name to dtype, shape and the (bytes,) uint8 array of a tensor."""

PARCEL = 1 << 28  # bytes; so much may be copied at a time beside the model itself


def packed(weights: "Mapping[str, Tensor]", size: int = PARCEL) -> Iterator[Parcel]:
    """The weights as parcels of about ``size`` bytes; tensors are read from the mapping one after another."""
    import torch

    parcel: Parcel = {}
    filled = 0
    for name in weights:
        tensor = weights[name].detach().contiguous().cpu()
        flat = tensor.reshape(-1).view(torch.uint8).numpy()
        parcel[name] = (str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), flat)
        filled += flat.nbytes
        if filled >= size:
            yield parcel
            parcel, filled = {}, 0
    if parcel:
        yield parcel


def unpacked(parcels: Iterator[Parcel]) -> "dict[str, Tensor]":
    """The tensors of parcels, as views of their arrays: to be read, never written."""
    import torch

    weights = {}
    with warnings.catch_warnings():
        # The arrays lie in shared memory that nobody may write; engines copy from them and do not.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        for parcel in parcels:
            for name, (dtype, shape, flat) in parcel.items():
                kind = getattr(torch, dtype)
                # What has no bytes has no view of another type either.
                weights[name] = (
                    torch.from_numpy(flat).view(kind).reshape(shape)
                    if flat.size
                    else torch.empty(shape, dtype=kind)
                )
    return weights
