"""Mutation: noise on the largest singular values of every matrix (arXiv:2604.14969, method §2).

W = UΣVᵀ; for the k largest, σᵢ ← max(σᵢ + ε, 0) with ε ~ N(0, scale²), or relative: σᵢ ← max(σᵢ(1 + scale·z), 0). Only k
values move, so W' = W + U_k diag(d) V_kᵀ is the same operator and needs the top k triplets only.

Guarantees: tensors are taken in sorted order of their names and noise is drawn on the CPU, largest singular value first, so
that streaming and device do not change a child; arithmetic is float64, with one cast at the end, so that processors that add in
different orders give the same stored bits, but for a few weights that lie on the border between two of them. `precision: float32`
gives the bits of recipes that were written before.

Where singular values repeat or vanish, a matrix has many SVDs and the operator is defined through one of them
(`triplets.py`): the subspace as a whole is determined, the pairing of a single draw with a single direction in it is not.
Which one is taken is deterministic on one machine.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from acdc.errors import InputError
from acdc.variation.settings import Precision
from acdc.variation.ties import check_tied, memory_leaders, with_named
from acdc.variation.triplets import RightHalf, Triplets, top_factors
from acdc.weights.tensors import is_finite, rows_at_a_time

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_ELEMENTS = 1 << 18  # of a matrix that are changed at a time: 2 MB in float64
_LEVEL = 64.0  # left vectors from an fp32 product up to here: 64 times fp32's rounding is 4e-6 of the update


def svd_noise(
    weights: "Mapping[str, Tensor]",
    *,
    rank: int,
    scale: float,
    relative: bool = False,
    generator: "np.random.Generator | torch.Generator",
    tied: Sequence[Sequence[str]] = (),
) -> "dict[str, Tensor]":
    """A mutated copy of a model.

    Args:
        weights: State dict. Every 2-D floating-point tensor except norms is mutated, embeddings and head included.
        rank: k; a matrix with fewer singular values uses all of them.
        scale: Standard deviation of the noise: absolute, or as a share of each singular value.
        relative: Whether `scale` is a share.
        generator: The stream of this mutation; k normal draws per matrix.
        tied: Groups of names that are one weight; a group gets one and the same noise. Names that share memory are
            tied without being named.

    Returns:
        A new state dict in sorted order, in the dtypes of `weights`; tied names hold the same tensor.

    Raises:
        InputError: A tensor holds NaN or infinite values, tied tensors differ, or a tied name is unknown.
    """
    import torch

    check_tied(weights, tied)
    leader = with_named(memory_leaders(weights), tied)
    noise = SvdNoise(rank=rank, scale=scale, relative=relative, generator=generator)
    child: dict[str, Tensor] = {}
    with torch.no_grad():
        for name in sorted(weights):
            if leader[name] != name:
                child[name] = child[leader[name]]
            else:
                child[name] = noise.added(name, weights[name].clone())
    return child


class SvdNoise:
    """One mutation, tensor by tensor. Tensors must come in sorted order of their names, of a tied group the first only.

    Args:
        rank: As in :func:`svd_noise`, as are the others.
        scale: Standard deviation of the noise.
        relative: Whether `scale` is a share.
        generator: The stream of this mutation.
        precision: What the update is added in.
    """

    def __init__(
        self,
        *,
        rank: int,
        scale: float,
        relative: bool = False,
        generator: "np.random.Generator | torch.Generator",
        precision: Precision = "float64",
    ) -> None:
        import torch

        self._rank, self._scale, self._relative, self._generator = rank, scale, relative, generator
        self._dtype = getattr(torch, precision)

    def added(self, name: str, weight: "Tensor") -> "Tensor":
        """The mutated tensor. A matrix that is mutated is changed in place: another copy of it might not fit.

        Raises:
            InputError: It holds NaN or infinite values.
        """
        if not _is_mutated(name, weight):
            return weight
        if not is_finite(weight):
            raise InputError(f"Weight {name!r} holds NaN or infinite values, which have no singular values.")
        k = min(self._rank, *weight.shape)
        if k == 0:
            return weight
        noise = _normal(self._generator, k).to(weight.device)
        wide = weight.shape[0] < weight.shape[1]
        found = top_factors(weight.T if wide else weight, k, level=_LEVEL, small=not self._relative)
        s = found.s
        moved = (s * (1.0 + self._scale * noise) if self._relative else s + self._scale * noise).clamp(
            min=0.0
        )
        if isinstance(found, Triplets):
            _add(weight, Triplets(found.v, s, found.u) if wide else found, moved - s, self._dtype)
        else:
            _add_from_right(weight.T if wide else weight, found, moved - s, self._dtype)
        return weight


def _add(weight: "Tensor", found: Triplets, change: "Tensor", dtype: "torch.dtype") -> None:
    """W + U diag(change) Vᵀ, in place."""
    right = found.v.to(dtype).T
    for part in rows_at_a_time(weight, _ELEMENTS):
        update = (found.u[part] * change).to(dtype) @ right
        weight[part] = update.add_(weight[part].to(dtype)).to(weight.dtype)


def _add_from_right(weight: "Tensor", found: RightHalf, change: "Tensor", dtype: "torch.dtype") -> None:
    """The same from the right half, U = W·V / s, in place: the left vectors of no more than a part exist at a time."""
    down, right = (found.v * (change / found.s)).to(dtype), found.v.to(dtype).T
    for part in rows_at_a_time(weight, _ELEMENTS):
        old = weight[part].to(dtype)
        weight[part] = ((old @ down) @ right).add_(old).to(weight.dtype)


def _normal(generator: "np.random.Generator | torch.Generator", k: int) -> "Tensor":
    """(k,) float64 draws on the CPU."""
    import torch

    if isinstance(generator, torch.Generator):
        return torch.randn(k, generator=generator, dtype=torch.float64)
    return torch.from_numpy(generator.standard_normal(k))


def _is_mutated(name: str, weight: "Tensor") -> bool:
    return weight.dim() == 2 and weight.is_floating_point() and "norm" not in name.lower()
