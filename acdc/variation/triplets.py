"""The k largest singular triplets of a matrix, exactly, for less than the price of all.

By a float64 Gram matrix and a partial eigensolver; plain SVD of small matrices and where k > n/2. Not by a randomised method, which finds another
subspace where singular values lie close (66–93% overlap in a pilot), so would be another operator.

On a GPU the same, with its full eigensolver; only the sketch is drawn on the CPU.

Guarantees: orthonormal vectors and residuals at float64 rounding for any finite matrix, rank-deficient ones included: there
the left vectors of σ = 0 are an orthonormal completion, as in any full SVD. Where singular values differ by less than
rounding, single vectors are any basis of their subspace, and two correct solvers differ.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = (
    1 << 18
)  # elements in float64 at a time: 2 MB stay in the cache, all of an embedding would be gigabytes
_TRUSTED = (
    1e-3  # singular values down to this share of the largest keep ten digits or more in a float64 Gram matrix
)
_NOTHING = 1e-14  # below this share of the largest a singular value is rounding
_SMALL = 256  # columns up to which a plain SVD is as fast
_GAP = 1e-4  # neighbouring singular values whose ratio is below this are told apart by three products


class Triplets(NamedTuple):
    """The k largest singular triplets: u (m, k) and v (n, k) with orthonormal columns, s (k,) descending; all float64."""

    u: "Tensor"
    s: "Tensor"
    v: "Tensor"


class RightHalf(NamedTuple):
    """Singular values (k,), descending, and right vectors (n, k), float64. The left vectors are W·V / s.

    Rounding in that product is multiplied by at most the level ‖W‖_F / s_k, relative to a vector's length.
    """

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
    if columns <= _SMALL or 2 * k > columns:
        u, s, vt = torch.linalg.svd(matrix.double(), full_matrices=False)
        return Triplets(u[:, :k], s[:k], vt[:k].T)
    found = _by_gram(matrix, k, small, 0.0)
    assert isinstance(found, Triplets)  # no level will do
    return found


def top_factors(matrix: "Tensor", k: int, *, level: float, small: bool = True) -> Triplets | RightHalf:
    """As :func:`top_triplets`, or the right half alone where that will do: half the work, and nothing of m rows is kept.

    Args:
        matrix: (m, n) with m ≥ n, any floating dtype, finite.
        k: 1 ≤ k ≤ n.
        level: The highest `RightHalf.level` that will do.
        small: As in :func:`top_triplets`.
    """
    if matrix.shape[1] <= _SMALL or 2 * k > matrix.shape[1]:
        return top_triplets(matrix, k, small=small)
    return _by_gram(matrix, k, small, level)


def _by_gram(matrix: "Tensor", k: int, small: bool, level: float) -> Triplets | RightHalf:
    """Right vectors from Gram matrices, left vectors from their images.

    Squaring loses what is small beside the largest singular value. So directions below `_TRUSTED` times it are looked for
    again in what is left of the matrix without the larger ones, and so on down to rounding; few matrices need that.
    """
    import torch

    found = _above_gap(matrix, k) if small and _may_have_gap(matrix, k) else None
    if found is not None:
        trusted = len(found.s)
    else:
        gram = _gram(matrix, None)
        norm = float(gram.diagonal().sum()) ** 0.5
        squares, v = _top_eigenpairs(gram, k)
        if float(squares[-1]) > 0 and norm <= level * float(squares[-1]) ** 0.5:
            return RightHalf(squares.sqrt(), v)
        found = _from_right(matrix, v)
        trusted = int((found.s >= _TRUSTED * found.s[0]).sum())
    largest = float(found.s[0])
    while trusted < k and small:
        kept = Triplets(found.u[:, :trusted], found.s[:trusted], found.v[:, :trusted])
        rest = _top_eigenpairs(_gram(matrix, kept), k - trusted)[1]
        found = _from_right(matrix, torch.linalg.qr(torch.cat([kept.v, rest], dim=1))[0])
        at = float(found.s[trusted])
        if at <= _NOTHING * largest:
            break
        trusted = int((found.s >= _TRUSTED * at).sum())
    return found


def _parts(matrix: "Tensor") -> Iterator[slice]:
    """Rows that hold `_CHUNK` elements, part by part."""
    rows = max(1, _CHUNK // matrix.shape[1])
    for start in range(0, len(matrix), rows):
        yield slice(start, start + rows)


def _may_have_gap(matrix: "Tensor", k: int) -> bool:
    """Whether a small sketch from both sides shows a wide gap; a wrong guess costs time and nothing else.

    Every row is added to one of a few sums with a random sign, so this reads the matrix once.
    """
    import torch

    rows, columns = matrix.shape
    sums = min(2 * (k + 8), rows)
    dice = torch.Generator().manual_seed(1)
    place = torch.randint(sums, (rows,), generator=dice).to(matrix.device)
    sign = (torch.randint(2, (rows, 1), generator=dice) * 2.0 - 1.0).to(matrix.device)
    sketch = torch.zeros(sums, columns, device=matrix.device)
    for part in _parts(matrix):
        sketch.index_add_(0, place[part], matrix[part].float() * sign[part])
    sizes = torch.linalg.svdvals(sketch @ _normal(columns, min(k + 8, columns), matrix))
    return bool((sizes[1:] < 10 * _GAP * sizes[:-1]).any())


def _normal(rows: int, columns: int, like: "Tensor") -> "Tensor":
    """(rows, columns) fp32 draws, always the same, on the device of `like`."""
    import torch

    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0)).to(like.device)


def _above_gap(matrix: "Tensor", k: int) -> Triplets | None:
    """The triplets above a wide gap among the k largest singular values, if there is such a gap.

    A rank-deficient matrix has one. Above it subspace iteration is exact: each of its three products shrinks what is wrong by
    the gap, at least `_GAP`. That saves the first of two Gram matrices. The random start is fixed and leaves no trace
    beyond rounding.
    """
    import torch

    columns = matrix.shape[1]
    start = _normal(columns, min(k + 8, columns), matrix)
    q, r = torch.linalg.qr(torch.cat([matrix[part].float() @ start for part in _parts(matrix)]))
    inner, sizes, _ = torch.linalg.svd(r)
    gaps = (sizes[1 : k + 1] < _GAP * sizes[: min(k, len(sizes) - 1)]).nonzero()
    if not len(gaps):
        return None
    left = (q @ inner[:, : int(gaps[0]) + 1]).double()
    right = torch.linalg.qr(_transposed_product(matrix, left))[0]
    left = torch.linalg.qr(_product(matrix, right))[0]
    return _from_right(matrix, torch.linalg.qr(_transposed_product(matrix, left))[0])


def _gram(matrix: "Tensor", without: Triplets | None) -> "Tensor":
    """(n, n) RᵀR in float64, where R is the (m, n) matrix less the triplets that are known already.

    On a CPU only the triangle that `_top_eigenpairs` reads is filled, which is half the work.
    """
    import torch
    from scipy.linalg.blas import dsyrk

    columns = matrix.shape[1]
    on_cpu = matrix.device.type == "cpu"
    total = np.zeros((columns, columns) if on_cpu else (0, 0), order="F")
    gram = (
        torch.from_numpy(total)
        if on_cpu
        else torch.zeros(columns, columns, dtype=torch.float64, device=matrix.device)
    )
    for part in _parts(matrix):
        rest = matrix[part].double()
        if without is not None:
            rest = rest - (without.u[part] * without.s) @ without.v.T
        if on_cpu:
            rows = np.ascontiguousarray(rest.numpy())
            dsyrk(1.0, rows.T, beta=1.0, c=total, lower=1, overwrite_c=1)
        else:
            gram.addmm_(rest.T, rest)
    return gram


def _top_eigenpairs(gram: "Tensor", k: int) -> "tuple[Tensor, Tensor]":
    """The k largest eigenvalues, largest first, and (n, k) eigenvectors, from the lower triangle. Overwrites `gram`.

    The mean eigenvalue is taken off the diagonal first. It moves no eigenvector, and leaves the solver only the spread of
    the spectrum to resolve: on a nearly flat one that gains what squaring lost.
    """
    import torch
    from scipy.linalg import eigh

    n = len(gram)
    mean = float(gram.diagonal().mean())
    gram.diagonal().sub_(mean)
    if gram.device.type != "cpu":
        values, vectors = torch.linalg.eigh(gram)
        return values[-k:].flip(0) + mean, vectors[:, -k:].flip(1)
    below, found = eigh(
        gram.numpy(), subset_by_index=[n - k, n - 1], driver="evr", overwrite_a=True, check_finite=False
    )
    values, vectors = (torch.from_numpy(np.ascontiguousarray(part[..., ::-1])) for part in (below, found))
    return values + mean, vectors


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

    return torch.cat([matrix[part].double() @ v for part in _parts(matrix)])


def _transposed_product(matrix: "Tensor", u: "Tensor") -> "Tensor":
    """(n, k) Wᵀ·U in float64."""
    import torch

    total = torch.zeros(matrix.shape[1], u.shape[1], dtype=torch.float64, device=matrix.device)
    for part in _parts(matrix):
        total += matrix[part].double().T @ u[part]
    return total
