"""Crossover: a child as a weighted sum of its parents' task vectors (arXiv:2604.14969, method §2).

Guarantees: arithmetic in fp32 whatever the stored type, one cast at the end, tensors in sorted order of their names; a pair
that is tied in the base and in every parent is one tensor in the child, too. No draw is made here except in `draw_weights`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from acdc.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


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
    total = float(np.sum(np.asarray(weights, dtype=np.float64)))
    if total == 0.0:
        raise InputError(
            f"Crossover weights {list(weights)} sum to 0, so linear crossover is undefined; draw them again."
        )
    return _combine(base, parents, [float(weight) / total for weight in weights])


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
    return _combine(base, parents, [lam * float(weight) for weight in weights])


def _combine(
    base: "Mapping[str, Tensor]", parents: "Sequence[Mapping[str, Tensor]]", factors: Sequence[float]
) -> "dict[str, Tensor]":
    """The sum base + Σ factorᵢ(parentᵢ − base), tensor by tensor."""
    import torch

    _check(base, parents, factors)
    child: dict[str, Tensor] = {}
    done: dict[tuple[int, ...], str] = {}
    with torch.no_grad():
        for name in sorted(base):
            origin = base[name]
            if not origin.is_floating_point():
                child[name] = origin.clone()
                continue
            places = tuple(model[name].data_ptr() for model in (base, *parents))
            if origin.numel() and places in done:
                child[name] = child[done[places]]
                continue
            start = origin.float()
            total = start.clone()
            for parent, factor in zip(parents, factors, strict=True):
                total.add_(parent[name].float() - start, alpha=factor)
            child[name] = total.to(origin.dtype)
            done[places] = name
    return child


def _check(
    base: "Mapping[str, Tensor]", parents: "Sequence[Mapping[str, Tensor]]", factors: Sequence[float]
) -> None:
    if not parents:
        raise InputError("Crossover needs at least one parent.")
    if len(parents) != len(factors):
        raise InputError(
            f"Crossover got {len(parents)} parents and {len(factors)} weights; give one weight per parent."
        )
    for index, parent in enumerate(parents):
        different = sorted(set(base) ^ set(parent))
        if different:
            raise InputError(
                f"Parent {index} and base do not have the same tensors: {different[0]!r} is in one of them only."
            )
        for name in sorted(base):
            if parent[name].shape != base[name].shape:
                raise InputError(
                    f"Parent {index} has shape {tuple(parent[name].shape)} for {name!r}, the base {tuple(base[name].shape)}."
                )
