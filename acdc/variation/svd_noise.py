"""Mutation: noise on the largest singular values of every matrix (arXiv:2604.14969, method §2).

W = UΣVᵀ; for the k largest, σᵢ ← max(σᵢ + ε, 0) with ε ~ N(0, scale²), or relative: σᵢ ← max(σᵢ(1 + scale·z), 0). Only k
values move, so W' = W + U_k diag(d) V_kᵀ is the same operator and needs the top k triplets only.

Guarantees: the triplets are exact (float64 Gram matrix, partial eigensolver, Rayleigh–Ritz; plain SVD where k ≥ n/4), not
those of a randomised method, which finds another subspace. Tensors are taken in sorted order of their names and noise is
drawn on the CPU, largest singular value first, so that streaming and device do not change a child.

Where singular values repeat or vanish, a matrix has many SVDs and the operator is defined through one of them: the
subspace as a whole is determined, the pairing of a single draw with a single direction in it is not. Which one is taken is
deterministic on one machine. For σ = 0 the left vectors are an orthonormal completion, as in any full SVD.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from acdc.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_CHUNK = 8192  # rows of a tall matrix in float64 at a time: an embedding of 150,000 rows would need gigabytes
_TRUSTED = (
    1e-3  # singular values down to this share of the largest keep ten digits or more in a float64 Gram matrix
)
_NOTHING = 1e-14  # below this share of the largest a singular value is rounding


class Triplets(NamedTuple):
    """The k largest singular triplets: u (m, k) and v (n, k) with orthonormal columns, s (k,) descending; all float64."""

    u: "Tensor"
    s: "Tensor"
    v: "Tensor"


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


def top_triplets(matrix: "Tensor", k: int, *, small: bool = True) -> Triplets:
    """The k largest singular triplets of an (m, n) matrix, in float64.

    Args:
        matrix: (m, n), any floating dtype, finite.
        k: 1 ≤ k ≤ min(m, n).
        small: Resolve singular values far below the largest as well as a full SVD does. Relative noise hardly
            moves those and spares the time.
    """
    import torch

    rows, columns = matrix.shape
    if rows < columns:
        turned = top_triplets(matrix.T, k, small=small)
        return Triplets(turned.v, turned.s, turned.u)
    if 4 * k >= columns:
        u, s, vt = torch.linalg.svd(matrix.double(), full_matrices=False)
        return Triplets(u[:, :k], s[:k], vt[:k].T)
    return _by_gram(matrix, k, small)


def _by_gram(matrix: "Tensor", k: int, small: bool) -> Triplets:
    """Right vectors from Gram matrices, left vectors from their images.

    Squaring loses what is small beside the largest singular value. So directions below `_TRUSTED` times it are looked for
    again in what is left of the matrix without the larger ones, and so on down to rounding; few matrices need that.
    """
    import torch

    found = _from_right(matrix, _top_eigenvectors(_gram(matrix, None), k))
    largest = float(found.s[0])
    trusted = int((found.s >= _TRUSTED * largest).sum()) if largest else k
    while trusted < k and small:
        kept = Triplets(found.u[:, :trusted], found.s[:trusted], found.v[:, :trusted])
        rest = _top_eigenvectors(_gram(matrix, kept), k - trusted)
        found = _from_right(matrix, torch.linalg.qr(torch.cat([kept.v, rest], dim=1))[0])
        level = float(found.s[trusted])
        if level <= _NOTHING * largest:
            break
        trusted = int((found.s >= _TRUSTED * level).sum())
    return found


def _gram(matrix: "Tensor", without: Triplets | None) -> "Tensor":
    """(n, n) RᵀR in float64, where R is the (m, n) matrix less the triplets that are known already."""
    import torch

    gram = torch.zeros(matrix.shape[1], matrix.shape[1], dtype=torch.float64)
    for start in range(0, len(matrix), _CHUNK):
        part = matrix[start : start + _CHUNK].double()
        if without is not None:
            part = part - (without.u[start : start + _CHUNK] * without.s) @ without.v.T
        gram.addmm_(part.T, part)
    return gram


def _top_eigenvectors(gram: "Tensor", k: int) -> "Tensor":
    """(n, k) eigenvectors of the k largest eigenvalues, largest first. Overwrites `gram`.

    The mean eigenvalue is taken off the diagonal first. It moves no eigenvector, and leaves the solver only the spread of
    the spectrum to resolve: on a nearly flat one that gains what squaring lost.
    """
    import torch
    from scipy.linalg import eigh

    n = len(gram)
    gram.diagonal().sub_(gram.diagonal().mean())
    _, vectors = eigh(
        gram.numpy(), subset_by_index=[n - k, n - 1], driver="evr", overwrite_a=True, check_finite=False
    )
    return torch.from_numpy(np.ascontiguousarray(vectors[:, ::-1]))


def _from_right(matrix: "Tensor", v: "Tensor") -> Triplets:
    """Triplets from (n, k) orthonormal vectors that span the right subspace.

    u = Wv/σ where that is safe. Where some σ is far below the largest it is not: then Rayleigh–Ritz, in which the QR
    factor of W·V is orthonormal whatever the rank and the SVD of the small R gives the rest.
    """
    import torch

    image = torch.cat([part.double() @ v for part in torch.split(matrix, _CHUNK)])
    s = image.norm(dim=0)
    if bool((s >= _TRUSTED * s.max()).all()) and bool(s.min() > 0):
        return Triplets(image / s, s, v)
    q, r = torch.linalg.qr(image)
    inner_u, s, inner_vt = torch.linalg.svd(r)
    return Triplets(q @ inner_u, s, v @ inner_vt.T)


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
