import pytest
import torch

from acdc.tiny.muon import ITERATIONS, Muon, orthogonalise


def test_singular_values_come_near_one_and_vectors_stay() -> None:
    matrices = torch.randn(3, 12, 20, generator=torch.Generator().manual_seed(0))
    moved = orthogonalise(matrices)
    values = torch.linalg.svdvals(moved)
    assert values.min() > 0.6  # Jordan: the iteration converges to somewhere in (0.68, 1.13)
    assert values.max() < 1.25
    u, _, vt = torch.linalg.svd(matrices, full_matrices=False)
    core = u.mT @ moved @ vt.mT
    off = core - torch.diag_embed(core.diagonal(dim1=1, dim2=2))
    assert off.abs().max() < 1e-4


def test_a_step_is_that_of_torch_but_for_its_bfloat16() -> None:
    generator = torch.Generator().manual_seed(1)
    mine = [torch.randn(8, 8, generator=generator), torch.randn(24, 8, generator=generator)]
    theirs = [matrix.clone().requires_grad_() for matrix in mine]
    before = [matrix.clone() for matrix in mine]
    ours = Muon(mine)
    reference = torch.optim.Muon(theirs, lr=0.1, weight_decay=0.0, ns_steps=ITERATIONS)
    for _ in range(3):
        for left, right in zip(mine, theirs, strict=True):
            left.grad = torch.randn(left.shape, generator=generator)
            right.grad = left.grad.clone()
        ours.step(0.1)
        reference.step()
    for left, right, start in zip(mine, theirs, before, strict=True):
        moved = (left - start).norm()
        assert (left - right.detach()).norm() < 0.05 * moved


def test_a_step_before_any_gradient_is_an_error() -> None:
    with pytest.raises(ValueError, match="before a backward pass"):
        Muon([torch.zeros(2, 2)]).step(0.1)
