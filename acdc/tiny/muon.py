"""Muon: steps along the orthogonalised momentum, for the matrices inside a transformer.

As in Jordan et al. (https://kellerjordan.github.io/posts/muon/) and `torch.optim.Muon`, but in fp32 and batched: equal
shapes are orthogonalised together. Torch's own works in bfloat16, one matrix at a time, which on CPUs is slower for
matrices this small and depends on the CPU's bfloat16 kernels (`tests/benchmarks/bench_training.py` compares them).
"""

from collections.abc import Iterable

import torch
from torch import Tensor

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
MOMENTUM = 0.95


def orthogonalise(matrices: Tensor) -> Tensor:
    """Moves all singular values of each of (n, rows, columns), rows <= columns, near 1, keeping the vectors."""
    a, b, c = NEWTON_SCHULZ
    x: Tensor = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


class Muon:
    """Holds the momentum of a set of matrices and moves them in place, by their `grad`."""

    def __init__(self, matrices: Iterable[Tensor]) -> None:
        self._groups: dict[tuple[int, int], list[Tensor]] = {}
        for matrix in matrices:
            rows, columns = sorted(matrix.shape)
            self._groups.setdefault((rows, columns), []).append(matrix)
        self._momenta = {shape: torch.zeros(len(group), *shape) for shape, group in self._groups.items()}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step; `rate` is the length of the step per singular direction of a square matrix."""
        for shape, group in self._groups.items():
            wide = [tuple(matrix.shape) == shape for matrix in group]
            gradients = torch.stack([_grad(m) if w else _grad(m).T for m, w in zip(group, wide, strict=True)])
            momentum = self._momenta[shape].lerp_(gradients, 1 - MOMENTUM)
            updates = orthogonalise(gradients.lerp(momentum, MOMENTUM))
            for matrix, update, is_wide in zip(group, updates, wide, strict=True):
                rows, columns = matrix.shape
                tall = max(1.0, rows / columns) ** 0.5
                matrix.sub_((update if is_wide else update.T) * (rate * tall))


def _grad(matrix: Tensor) -> Tensor:
    if matrix.grad is None:
        raise ValueError("Muon stepped before a backward pass")
    return matrix.grad
