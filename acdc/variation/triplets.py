"""The k largest singular triplets of a matrix, exactly, for less than the price of all.

By a float64 Gram matrix and a partial eigensolver; plain SVD where k ≥ n/4. Not by a randomised method, which finds another
subspace where singular values lie close (66–93% overlap in a pilot), so would be another operator.

Guarantees: orthonormal vectors and residuals at float64 rounding for any finite matrix, rank-deficient ones included: there
the left vectors of σ = 0 are an orthonormal completion, as in any full SVD. Where singular values differ by less than
rounding, single vectors are any basis of their subspace, and two correct solvers differ.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 8192  # rows of a tall matrix in float64 at a time: an embedding of 150,000 rows would need gigabytes
_TRUSTED = (
    1e-3  # singular values down to this share of the largest keep ten digits or more in a float64 Gram matrix
)
_NOTHING = 1e-14  # below this share of the largest a singular value is rounding
_GAP = 1e-4  # neighbouring singular values whose ratio is below this are told apart by three products


class Triplets(NamedTuple):
    """The k largest singular triplets: u (m, k) and v (n, k) with orthonormal columns, s (k,) descending; all float64."""

    u: "Tensor"
    s: "Tensor"
    v: "Tensor"


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

    found = _above_gap(matrix, k) if small else None
    if found is not None:
        trusted = len(found.s)
    else:
        found = _from_right(matrix, _top_eigenvectors(_gram(matrix, None), k))
        trusted = int((found.s >= _TRUSTED * found.s[0]).sum())
    largest = float(found.s[0])
    while trusted < k and small:
        kept = Triplets(found.u[:, :trusted], found.s[:trusted], found.v[:, :trusted])
        rest = _top_eigenvectors(_gram(matrix, kept), k - trusted)
        found = _from_right(matrix, torch.linalg.qr(torch.cat([kept.v, rest], dim=1))[0])
        level = float(found.s[trusted])
        if level <= _NOTHING * largest:
            break
        trusted = int((found.s >= _TRUSTED * level).sum())
    return found


def _above_gap(matrix: "Tensor", k: int) -> Triplets | None:
    """The triplets above a wide gap among the k largest singular values, if there is such a gap.

    A rank-deficient matrix has one. Above it subspace iteration is exact: each of its three products shrinks what is wrong by
    the gap, at least `_GAP`. That saves the first of two Gram matrices. The random start is fixed and leaves no trace
    beyond rounding.
    """
    import torch

    columns = matrix.shape[1]
    start = torch.randn(columns, min(k + 8, columns), generator=torch.Generator().manual_seed(0))
    q, r = torch.linalg.qr(matrix.float() @ start)
    inner, sizes, _ = torch.linalg.svd(r)
    gaps = (sizes[1 : k + 1] < _GAP * sizes[: min(k, len(sizes) - 1)]).nonzero()
    if not len(gaps):
        return None
    left = (q @ inner[:, : int(gaps[0]) + 1]).double()
    right = torch.linalg.qr(_transposed_product(matrix, left))[0]
    left = torch.linalg.qr(_product(matrix, right))[0]
    return _from_right(matrix, torch.linalg.qr(_transposed_product(matrix, left))[0])


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

    image = _product(matrix, v)
    s = image.norm(dim=0)
    if bool((s >= _TRUSTED * s.max()).all()) and bool(s.min() > 0):
        return Triplets(image / s, s, v)
    q, r = torch.linalg.qr(image)
    inner_u, s, inner_vt = torch.linalg.svd(r)
    return Triplets(q @ inner_u, s, v @ inner_vt.T)


def _product(matrix: "Tensor", v: "Tensor") -> "Tensor":
    """(m, k) W·V in float64."""
    import torch

    return torch.cat([part.double() @ v for part in torch.split(matrix, _CHUNK)])


def _transposed_product(matrix: "Tensor", u: "Tensor") -> "Tensor":
    """(n, k) Wᵀ·U in float64."""
    import torch

    total = torch.zeros(matrix.shape[1], u.shape[1], dtype=torch.float64)
    for start in range(0, len(matrix), _CHUNK):
        total += matrix[start : start + _CHUNK].double().T @ u[start : start + _CHUNK]
    return total
