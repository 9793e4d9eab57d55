"""Mutation: noise on the largest singular values of every matrix (arXiv:2604.14969, method §2).

W = UΣVᵀ; for the k largest, σᵢ ← max(σᵢ + ε, 0) with ε ~ N(0, scale²), or relative: σᵢ ← max(σᵢ(1 + scale·z), 0). Only k
values move, so W' = W + U_k diag(d) V_kᵀ is the same operator and needs the top k triplets only.

Guarantees: tensors are taken in sorted order of their names and noise is drawn on the CPU, largest singular value first, so
that streaming and device do not change a child; arithmetic is fp32 or wider, with one cast at the end.

Where singular values repeat or vanish, a matrix has many SVDs and the operator is defined through one of them
(`triplets.py`): the subspace as a whole is determined, the pairing of a single draw with a single direction in it is not.
Which one is taken is deterministic on one machine.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from acdc.errors import InputError
from acdc.variation.triplets import top_triplets

if TYPE_CHECKING:
    import torch
    from torch import Tensor


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

    leader = _leaders(weights, tied)
    child: dict[str, Tensor] = {}
    with torch.no_grad():
        for name in sorted(weights):
            weight = weights[name]
            if leader[name] != name:
                child[name] = child[leader[name]]
            elif _is_mutated(name, weight):
                if not bool(torch.isfinite(weight).all()):
                    raise InputError(
                        f"Weight {name!r} holds NaN or infinite values, which have no singular values."
                    )
                child[name] = _mutate(weight, rank, scale, relative, generator)
            else:
                child[name] = weight.clone()
    return child


def _mutate(
    weight: "Tensor",
    rank: int,
    scale: float,
    relative: bool,
    generator: "np.random.Generator | torch.Generator",
) -> "Tensor":
    k = min(rank, *weight.shape)
    if k == 0:
        return weight.clone()
    noise = _normal(generator, k)
    u, s, v = top_triplets(weight, k, small=not relative)
    moved = (s * (1.0 + scale * noise) if relative else s + scale * noise).clamp(min=0.0)
    change = (u * (moved - s)).float() @ v.float().T
    return change.add_(weight.float()).to(weight.dtype)


def _normal(generator: "np.random.Generator | torch.Generator", k: int) -> "Tensor":
    """(k,) float64 draws on the CPU."""
    import torch

    if isinstance(generator, torch.Generator):
        return torch.randn(k, generator=generator, dtype=torch.float64)
    return torch.from_numpy(generator.standard_normal(k))


def _is_mutated(name: str, weight: "Tensor") -> bool:
    return weight.dim() == 2 and weight.is_floating_point() and "norm" not in name.lower()


def _leaders(weights: "Mapping[str, Tensor]", tied: Sequence[Sequence[str]]) -> dict[str, str]:
    """For each name, the first name of the group it is tied to (itself where it is tied to none)."""
    import torch

    leader = {name: name for name in weights}
    for group in tied:
        for name in group:
            if name not in weights:
                raise InputError(f"{name!r} is said to be tied, but the weights have no such tensor.")
        first = min(leader[name] for name in group)
        for name in group:
            if not torch.equal(weights[name], weights[group[0]]):
                raise InputError(f"{group[0]!r} and {name!r} are said to be tied but differ.")
            leader[name] = first
    places: dict[tuple[int, torch.Size, tuple[int, ...]], str] = {}
    for name in sorted(weights):
        weight = weights[name]
        if weight.numel() and leader[name] == name:
            leader[name] = places.setdefault((weight.data_ptr(), weight.shape, weight.stride()), name)
    return {name: leader[leader[name]] for name in weights}
