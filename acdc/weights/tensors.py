"""State dicts: their content hash, and safetensors files that are written whole or not at all.

A state dict maps names to CPU tensors. Its hash is over names, dtypes, shapes and bytes, so two models share a hash only
if they are the same model, wherever they are stored.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING

from acdc.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Weights = Mapping[str, "Tensor"]


class DamagedWeightsError(InputError):
    """A weights file is missing, truncated or corrupt. Weights of a child can be rebuilt from its recipe."""


class WeightsDigest:
    """The content hash of a model whose tensors come one by one, in sorted order of their names."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, name: str, tensor: "Tensor") -> None:
        """Take the next tensor."""
        import torch

        plain = tensor.detach().contiguous()
        self._digest.update(f"{name}\x1f{plain.dtype}\x1f{tuple(plain.shape)}\x1e".encode())
        self._digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)

    def hexdigest(self) -> str:
        """32 hexadecimal digits of blake2b over names, dtypes, shapes and bytes."""
        return self._digest.hexdigest()


def weights_hash(weights: Weights) -> str:
    """Content hash of a state dict: 32 hexadecimal digits of blake2b over sorted names, dtypes, shapes and bytes."""
    digest = WeightsDigest()
    for name in sorted(weights):
        digest.add(name, weights[name])
    return digest.hexdigest()


def rows_at_a_time(tensor: "Tensor", elements: int) -> "Iterator[slice | EllipsisType]":
    """Slices of the first axis that hold about so many elements each, so that fp32 copies stay small."""
    if tensor.dim() == 0:
        yield ...
        return
    rows = max(1, elements * len(tensor) // max(tensor.numel(), 1))
    for start in range(0, len(tensor), rows):
        yield slice(start, start + rows)


def save_weights(weights: Weights, path: Path) -> None:
    """Write a safetensors file atomically and durably; a reader sees the old file or the whole new one.

    Args:
        weights: State dict; tensors that share memory are written once each.
        path: The file; its directory is made.
    """
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    places = Counter(tensor.untyped_storage().data_ptr() for tensor in weights.values())
    plain = {}
    for name in sorted(weights):
        tensor = weights[name].detach().contiguous()
        shared = places[tensor.untyped_storage().data_ptr()] > 1  # the format knows no ties
        plain[name] = tensor.clone() if shared else tensor
    try:
        save_file(plain, temporary, {"format": "pt"})
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # makes the rename durable
    finally:
        os.close(directory)


def read_weights(path: Path, expected_hash: str | None = None) -> "dict[str, Tensor]":
    """Read a safetensors file into memory.

    Args:
        path: The file.
        expected_hash: What :func:`weights_hash` must give; None: not checked.

    Raises:
        DamagedWeightsError: The file is missing, truncated, corrupt, or holds other weights than expected.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise DamagedWeightsError(
            f"{path} is missing. Only a child can be rebuilt from its recipe; a seed's file must exist."
        )
    try:
        weights: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise DamagedWeightsError(
            f"{path} is truncated or corrupt ({error}); delete it and make it again."
        ) from error
    if expected_hash is not None and weights_hash(weights) != expected_hash:
        raise DamagedWeightsError(f"{path} holds other weights than expected; delete it and make it again.")
    return dict(sorted(weights.items()))


def is_finite(tensor: "Tensor", dtype: "torch.dtype | None" = None) -> bool:
    """Whether no value is NaN or infinite, nor becomes so in another dtype.

    By the extremes, which are NaN where any value is: `torch.isfinite` makes four temporary tensors, together more than twice a
    bfloat16 matrix, and takes some sixty times as long.
    """
    import torch

    if not tensor.is_floating_point() or tensor.numel() == 0:
        return True
    return all(bool(torch.isfinite(extreme.to(dtype or tensor.dtype))) for extreme in torch.aminmax(tensor))


def check_finite(weights: Weights, source: object) -> None:
    """Refuse NaN and infinite values.

    Raises:
        InputError: Names the first such tensor and `source`.
    """
    for name in sorted(weights):
        if not is_finite(weights[name]):
            raise InputError(
                f"{source}: weight {name!r} holds NaN or infinite values; get a sound copy of this model."
            )


def check_like(found: Mapping[str, Sequence[int]], base: Mapping[str, Sequence[int]], source: object) -> None:
    """Refuse a model whose tensors are not those of the base in name and shape.

    Args:
        found: Shape of each tensor of the model.
        base: Shape of each tensor of the base.
        source: What the message calls the model.

    Raises:
        InputError: Names the first tensor that differs, and both shapes.
    """
    for name in sorted({*base, *found}):
        if name not in found or name not in base:
            absent, present = (source, "the base") if name in base else ("the base", source)
            raise InputError(
                f"{source}: {present} has the weight {name!r}, but {absent} does not; merging needs models of one architecture."
            )
        shape, wanted = tuple(found[name]), tuple(base[name])
        if shape != wanted:
            raise InputError(
                f"{source}: weight {name!r} has shape {shape}, the base has {wanted}; "
                "merging needs seeds fine-tuned from the family's base."
            )
