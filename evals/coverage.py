"""Coverage of questions by several answerers: of these N, of a random N, of N samples of one model, and who adds what.

Everything is exact (hypergeometric), nothing is drawn. Source of pass@k: Chen et al. 2021 (arXiv:2107.03374), eq. 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.exact import on_grid

_BYTE = 255  # rows whose sum fits into a byte
_FEW_ROWS, _ROWS = 64, 8


@dataclass(frozen=True)
class Contributions:
    """What each of N answerers adds to their coverage.

    Attributes:
        unique: (N,) questions that only this one answers.
        shapley: (N,) Shapley value of coverage, a share of questions; they add up to coverage.
        leave_one_out: (N,) coverage of the others.
    """

    unique: NDArray[np.int64]
    shapley: NDArray[np.float64]
    leave_one_out: NDArray[np.float64]


def coverage_at_n(correct: NDArray[np.bool_]) -> float:
    """The share of questions that at least one of the N answerers gets right.

    Args:
        correct: (N, Q) bool, answerers in rows.

    Raises:
        InputError: It is not a matrix of pass and fail.
        NotEnoughDataError: There is no answerer or no question.
    """
    correct = _correct(correct)
    return float(np.count_nonzero(correct.any(axis=0)) / correct.shape[1])


def expected_coverage(correct: NDArray[np.bool_], n: int) -> float:
    """Mean coverage over all choices of n of the M answerers: the null for choosing.

    Args:
        correct: (M, Q) bool.
        n: 1 … M. At n = M it equals :func:`coverage_at_n`.

    Raises:
        InputError: n is outside its range, or `correct` is not a matrix of pass and fail.
        NotEnoughDataError: There is no answerer or no question.
    """
    correct = _correct(correct)
    count, questions = correct.shape
    solvers = _solvers(correct)
    spectrum = np.bincount(solvers, minlength=count + 1)
    hit = 1.0 - _misses(count, np.arange(count + 1), n)
    return float(math.fsum((spectrum * hit).tolist()) / questions)


def pass_at_k(n: int, c: ArrayLike, k: int) -> float:
    """Unbiased estimate of the chance that one of k samples is right, from c right ones of n; the mean over questions.

    Args:
        n: Samples drawn per question.
        c: How many of them are right: a number, or (Q,).
        k: 1 … n.

    Raises:
        InputError: k or a c is outside its range.
    """
    return float(np.mean(1.0 - _misses(n, c, k)))


def mixed_coverage(correct_counts: Sequence[tuple[int, ArrayLike]], ks: Sequence[int]) -> float:
    """Expected coverage of a mixture: k_i random samples of each answerer i together (3 + 3 + 2 of three experts).

    Args:
        correct_counts: For each answerer the samples drawn per question n_i and how many are right, (Q,); the same
            questions in the same order for all.
        ks: How many samples of each count, 0 … n_i.

    Returns:
        Mean over questions of 1 − Π C(n_i − c_i, k_i) / C(n_i, k_i).

    Raises:
        InputError: Lengths or ranges do not fit.
    """
    if len(correct_counts) != len(ks) or not ks:
        raise InputError(f"mixture: {len(correct_counts)} answerers but {len(ks)} numbers of samples")
    misses = [_misses(n, np.atleast_1d(c), k) for (n, c), k in zip(correct_counts, ks, strict=True)]
    if len({len(miss) for miss in misses}) != 1:
        raise InputError("mixture: the answerers have not all answered the same number of questions")
    return float(np.mean(1.0 - np.prod(misses, axis=0)))


def contributions(correct: NDArray[np.bool_]) -> Contributions:
    """Who adds what: unique questions, Shapley value (1 / number of solvers per question), coverage without each.

    Args:
        correct: (N, Q) bool.

    Raises:
        InputError: It is not a matrix of pass and fail.
        NotEnoughDataError: There is no answerer or no question.
    """
    correct = _correct(correct)
    questions = correct.shape[1]
    solvers = _solvers(correct)
    unique = np.count_nonzero(correct[:, solvers == 1], axis=1).astype(np.int64)
    shares = on_grid(np.divide(1.0, solvers, out=np.zeros(questions), where=solvers > 0), questions)
    covered = int(np.count_nonzero(solvers))
    return Contributions(unique, _products(correct, shares) / questions, (covered - unique) / questions)


def _solvers(correct: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(Q,) how many are right: summed as bytes, as many rows at a time as cannot overflow one, a hundred times as fast as a count."""
    total = np.zeros(correct.shape[1], dtype=np.int64)
    for first in range(0, len(correct), _BYTE):
        total += np.add.reduce(correct[first : first + _BYTE].view(np.uint8), axis=0, dtype=np.uint8)
    return total


def _products(correct: NDArray[np.bool_], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) correct @ shares; of many rows some at a time, since their conversion to floats does not fit into a cache."""
    if len(correct) <= _FEW_ROWS:
        return correct @ shares
    blocks = [correct[first : first + _ROWS] @ shares for first in range(0, len(correct), _ROWS)]
    return np.concatenate(blocks)


def _correct(correct: NDArray[np.bool_]) -> NDArray[np.bool_]:
    array = np.asarray(correct)
    if array.ndim != 2 or array.dtype != np.bool_:
        raise InputError(
            f"correct: expected a bool array (answerers, questions), got {array.dtype} {array.shape}"
        )
    if 0 in array.shape:
        raise NotEnoughDataError(
            f"correct: {array.shape[0]} answerers × {array.shape[1]} questions is nothing to cover"
        )
    return array


def _misses(n: int, c: ArrayLike, k: int) -> NDArray[np.float64]:
    """C(n − c, k) / C(n, k), the chance that k draws without replacement from n miss all c."""
    right = np.asarray(c, dtype=np.int64)
    if not np.array_equal(right, np.asarray(c)) or (right < 0).any() or (right > n).any():
        raise InputError(f"right answers are whole numbers from 0 to the {n} samples drawn")
    if not 0 <= k <= n:
        raise InputError(f"cannot take {k} of {n} samples")
    miss = np.ones(right.shape)
    for taken in range(k):
        miss *= np.maximum(n - right - taken, 0) / (n - taken)
    return miss
