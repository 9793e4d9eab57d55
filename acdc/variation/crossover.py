"""Crossover: a child as a weighted sum of its parents' task vectors (arXiv:2604.14969, method §2).

A rule merges one tensor at a time (:data:`acdc.variation.rule.TensorMerge`), so that a child never needs more memory than itself and a part of
one tensor; `linear` and `task_arithmetic` apply their rule to whole state dicts.

Guarantees: arithmetic in float64 whatever the stored type (`precision: float32` in recipes that were written before), one cast at the end, tensors in sorted order of their names; a pair
that is tied in the base and in every parent is one tensor in the child, too. No draw is made here except in `draw_weights`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from acdc.errors import InputError
from acdc.variation.rule import TensorMerge, check_parents, merged
from acdc.variation.settings import Precision
from acdc.variation.ties import common_leaders
from acdc.weights.tensors import Weights, rows_at_a_time

if TYPE_CHECKING:
    from torch import Tensor

_ELEMENTS = 1 << 18  # merged at a time: 2 MB in float64, of which a few copies exist


def draw_weights(
    generator: np.random.Generator, n: int, *, std: float, mode: Literal["signed", "absolute"] = "signed"
) -> tuple[npt.NDArray[np.float64], int]:
    """One weight per parent for the whole model, w ~ N(1, std²).

    Weights whose sum is closer to zero than 0.1 × n are drawn again from the same stream: dividing by such a sum would blow
    the child up.

    Args:
        generator: The stream of this child's crossover.
        n: Number of parents, at least 1.
        std: Standard deviation; the paper has 0.5, the released code 0.01.
        mode: "absolute" takes |w|.

    Returns:
        (n,) float64 weights and how many draws were thrown away.
    """
    redraws = 0
    while True:
        weights = generator.normal(1.0, std, n)
        if mode == "absolute":
            weights = np.abs(weights)
        if abs(float(weights.sum())) >= 0.1 * n:
            return weights, redraws
        redraws += 1


def linear_rule(
    weights: Sequence[float] | npt.NDArray[np.float64], precision: Precision = "float64"
) -> TensorMerge:
    """The rule base + Σ wᵢ(parentᵢ − base) / Σ wᵢ. Raises InputError where the weights sum to 0."""
    total = float(np.sum(np.asarray(weights, dtype=np.float64)))
    if total == 0.0:
        raise InputError(
            f"Crossover weights {list(weights)} sum to 0, so linear crossover is undefined; draw them again."
        )
    return _weighted_sum([float(weight) / total for weight in weights], precision)


def task_arithmetic_rule(
    weights: Sequence[float] | npt.NDArray[np.float64], lam: float = 1.0, precision: Precision = "float64"
) -> TensorMerge:
    """The rule base + lam · Σ wᵢ(parentᵢ − base)."""
    return _weighted_sum([lam * float(weight) for weight in weights], precision)


def linear(
    base: "Mapping[str, Tensor]",
    parents: "Sequence[Mapping[str, Tensor]]",
    weights: Sequence[float] | npt.NDArray[np.float64],
) -> "dict[str, Tensor]":
    """The child base + Σ wᵢ(parentᵢ − base) / Σ wᵢ.

    Args:
        base: State dict of the base model.
        parents: State dicts with the base's names and shapes.
        weights: One number per parent; their sum must not be 0.

    Returns:
        A new state dict in sorted order, each tensor in the base's dtype. Tensors that are not floating point are the base's.

    Raises:
        InputError: Names, shapes or the number of weights differ, or the weights sum to 0.
    """
    return _whole(base, parents, len(weights), linear_rule(weights))


def task_arithmetic(
    base: "Mapping[str, Tensor]",
    parents: "Sequence[Mapping[str, Tensor]]",
    weights: Sequence[float] | npt.NDArray[np.float64],
    *,
    lam: float = 1.0,
) -> "dict[str, Tensor]":
    """The child base + lam · Σ wᵢ(parentᵢ − base), not normalised (arXiv:2212.04089).

    Args:
        base: State dict of the base model.
        parents: State dicts with the base's names and shapes.
        weights: One number per parent.
        lam: Scale λ of the sum.

    Returns:
        As :func:`linear`.

    Raises:
        InputError: Names, shapes or the number of weights differ.
    """
    return _whole(base, parents, len(weights), task_arithmetic_rule(weights, lam))


def _weighted_sum(factors: Sequence[float], precision: Precision) -> TensorMerge:
    """The rule base + Σ factorᵢ(parentᵢ − base)."""

    def merge(name: str, base: "Tensor", parents: "Sequence[Tensor]") -> "Tensor":
        import torch

        child, dtype = torch.empty_like(base), getattr(torch, precision)
        for part in rows_at_a_time(base, _ELEMENTS):
            origin = base[part].to(dtype)
            total = origin.clone()
            for parent, factor in zip(parents, factors, strict=True):
                total.add_(parent[part].to(dtype) - origin, alpha=factor)
            child[part] = total.to(base.dtype)
        return child

    return merge


def _whole(
    base: Weights, parents: Sequence[Weights], weights: int, merge: TensorMerge
) -> "dict[str, Tensor]":
    import torch

    names = sorted(base)
    check_parents(names, parents, weights)
    leader = common_leaders(names, [base, *parents])
    child: dict[str, Tensor] = {}
    with torch.no_grad():
        for name in names:
            if leader[name] != name:
                child[name] = child[leader[name]]
            else:
                child[name] = merged(merge, name, base[name], [parent[name] for parent in parents])
    return child
