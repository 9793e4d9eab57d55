"""The operator against float64 SVDs.

Where singular values repeat or vanish, a single triplet is not determined and two correct SVDs disagree (LAPACK's gesdd and
gesvd differ by 9e-5 of the update on a flat 1024 × 1024 matrix, k = 64). There the test checks what the operator is defined by: that the
triplets are singular triplets, and that the update is built from them.
"""

import numpy as np
import pytest
import torch

from acdc.errors import InputError
from acdc.variation import svd_noise
from acdc.variation.triplets import RightHalf, Triplets, top_factors, top_triplets

N, K = 320, 24


def spectrum(kind: str) -> np.ndarray:
    i = np.arange(1, N + 1)
    return (
        10
        * {
            "flat": np.ones(N),
            "i^-0.5": i**-0.5,
            "1/i": 1.0 / i,
            "cliff": np.where(i <= K, 1.0 - 0.5 * i / K, 1e-3 / i),
            "rank 12": np.where(i <= 12, 1.0 / i, 0.0),
            "steep": 10.0 ** (-i / 4.0),
            "two levels": np.where(i <= 12, 1.0 / i, 1e-5 / i),
        }[kind]
    )


def matrix(kind: str, rows: int = N) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    u = torch.linalg.qr(torch.randn(rows, N, generator=generator, dtype=torch.float64))[0]
    v = torch.linalg.qr(torch.randn(N, N, generator=generator, dtype=torch.float64))[0]
    return ((u * torch.from_numpy(spectrum(kind))) @ v.T).float()


def by_full_svd(weight: torch.Tensor, k: int, scale: float, relative: bool, seed: int) -> torch.Tensor:
    """The definition: move k singular values of the full SVD and multiply out, all in float64."""
    u, s, vt = torch.linalg.svd(weight.double(), full_matrices=False)
    noise = torch.from_numpy(np.random.default_rng(seed).standard_normal(k)) * scale
    s[:k] = (s[:k] * (1 + noise) if relative else s[:k] + noise).clamp(min=0)
    return (u * s) @ vt


def update_error(child: torch.Tensor, expected: torch.Tensor, weight: torch.Tensor) -> float:
    return float((child.double() - expected).norm() / (expected - weight.double()).norm())


def mutated(
    weight: torch.Tensor, k: int = K, scale: float = 0.25, relative: bool = False, seed: int = 1
) -> torch.Tensor:
    return svd_noise(
        {"w": weight}, rank=k, scale=scale, relative=relative, generator=np.random.default_rng(seed)
    )["w"]


@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
@pytest.mark.parametrize("kind", ["i^-0.5", "1/i", "cliff", "rank 12", "steep", "two levels"])
def test_the_update_is_that_of_a_full_svd(kind: str, relative: bool) -> None:
    weight = matrix(kind)
    expected = by_full_svd(weight, K, 0.25, relative, 1)
    assert update_error(mutated(weight, relative=relative), expected, weight) < 1e-5


@pytest.mark.parametrize("rows", [150, 300, 500], ids=["small and wide", "wide", "tall"])
def test_rectangles_are_as_exact(rows: int) -> None:
    weight = (
        torch.randn(rows, N, generator=torch.Generator().manual_seed(2)) / 20
    )  # else storing W' in fp32 is the error
    assert update_error(mutated(weight), by_full_svd(weight, K, 0.25, False, 1), weight) < 1e-5


@pytest.mark.parametrize("kind", ["flat", "rank 12", "1/i", "steep"])
def test_triplets_are_orthonormal_singular_triplets_of_the_largest_values(kind: str) -> None:
    weight = matrix(kind)
    u, s, v = top_triplets(weight, K)
    largest = float(s[0])
    identity = torch.eye(K, dtype=torch.float64)
    assert torch.allclose(u.T @ u, identity, atol=1e-9)
    assert torch.allclose(v.T @ v, identity, atol=1e-9)
    assert float((weight.double() @ v - u * s).norm()) < 1e-9 * largest
    assert float((weight.double().T @ u - v * s).norm()) < 1e-9 * largest
    assert torch.allclose(s, torch.linalg.svdvals(weight.double())[:K], atol=1e-11 * largest)


@pytest.mark.parametrize("kind", ["flat", "rank 12"])
def test_the_update_is_built_from_its_own_triplets_where_they_are_not_unique(kind: str) -> None:
    weight = matrix(kind)
    u, s, v = top_triplets(weight, K)
    noise = torch.from_numpy(np.random.default_rng(1).standard_normal(K)) * 0.25
    expected = weight.double() + (u * ((s + noise).clamp(min=0) - s)) @ v.T
    assert update_error(mutated(weight), expected, weight) < 1e-5


def test_left_vectors_are_left_out_only_where_fp32_will_do() -> None:
    """By hand: of the flat spectrum ‖W‖/s_k = √320 = 17.9; of 1/i it is √1.64 · 24 = 31 for k = 24."""
    for kind, level, halved in (("flat", 18.0, True), ("flat", 17.0, False), ("1/i", 32.0, True)):
        found = top_factors(matrix(kind), K, level=level, small=False)
        assert isinstance(found, RightHalf) is halved
    assert isinstance(top_factors(matrix("rank 12"), K, level=64.0), Triplets)
    assert isinstance(top_factors(matrix("flat")[:, :200], K, level=64.0), Triplets)  # small: plain SVD


def test_exact_zeros_have_orthonormal_triplets_too() -> None:
    weight = torch.zeros(N, N)
    weight[0, 0] = 1.0
    u, _, v = top_triplets(weight, K)
    identity = torch.eye(K, dtype=torch.float64)
    assert torch.allclose(u.T @ u, identity, atol=1e-9)
    assert torch.allclose(v.T @ v, identity, atol=1e-9)
    moved = torch.linalg.svdvals(mutated(weight).double())
    noise = np.random.default_rng(1).standard_normal(K) * 0.25
    expected = np.maximum(np.eye(1, K)[0] + noise, 0)
    assert np.allclose(moved[:K].numpy(), np.sort(expected)[::-1], atol=1e-6)
    assert np.isfinite(mutated(torch.zeros(N, N)).numpy()).all()


def test_small_matrices_take_the_plain_svd_and_all_singular_values() -> None:
    weight = torch.randn(20, 30, generator=torch.Generator().manual_seed(3))
    expected = by_full_svd(weight, 20, 0.25, False, 1)
    assert update_error(mutated(weight, k=256), expected, weight) < 1e-5


def test_a_singular_value_never_becomes_negative() -> None:
    weight = torch.eye(64) * 0.01
    moved = torch.linalg.svdvals(mutated(weight, k=4, scale=10.0))
    noise = np.random.default_rng(1).standard_normal(4) * 10
    expected = np.sort(np.concatenate([np.maximum(0.01 + noise, 0), np.full(60, 0.01)]))[::-1]
    assert np.allclose(moved.numpy(), expected, atol=1e-5)


def test_noise_is_drawn_in_sorted_order_of_the_names() -> None:
    a, b = torch.randn(8, 6), torch.randn(5, 9)
    together = svd_noise({"b": b, "a": a}, rank=4, scale=0.1, generator=np.random.default_rng(0))
    generator = np.random.default_rng(0)
    assert list(together) == ["a", "b"]
    assert torch.equal(together["a"], svd_noise({"a": a}, rank=4, scale=0.1, generator=generator)["a"])
    assert torch.equal(together["b"], svd_noise({"b": b}, rank=4, scale=0.1, generator=generator)["b"])


def test_only_matrices_that_are_no_norms_are_mutated() -> None:
    weights = {
        "bias": torch.randn(6),
        "conv": torch.randn(2, 3, 4),
        "embed": torch.randn(9, 4),
        "head": torch.randn(9, 4),
        "norm.weight": torch.randn(3, 3),
        "table": torch.arange(6).reshape(2, 3),
    }
    child = svd_noise(weights, rank=4, scale=0.1, generator=np.random.default_rng(0))
    assert [name for name in weights if not torch.equal(weights[name], child[name])] == ["embed", "head"]


@pytest.mark.parametrize("shared", [False, True], ids=["named", "sharing memory"])
def test_a_tied_pair_gets_one_and_the_same_noise(shared: bool) -> None:
    weight, other = torch.randn(9, 4), torch.randn(5, 5)
    weights = {"z": weight, "b": other, "a": weight if shared else weight.clone()}
    tied = () if shared else (("z", "a"),)
    child = svd_noise(weights, rank=4, scale=0.1, generator=np.random.default_rng(0), tied=tied)
    assert torch.equal(child["a"], child["z"])
    assert not torch.equal(child["a"], weight)
    once = svd_noise({"a": weight, "b": other}, rank=4, scale=0.1, generator=np.random.default_rng(0))
    assert all(torch.equal(child[name], once[name]) for name in once)


def test_a_torch_generator_will_do() -> None:
    def made() -> torch.Tensor:
        generator = torch.Generator().manual_seed(4)
        return svd_noise({"w": torch.eye(6)}, rank=4, scale=0.1, generator=generator)["w"]

    assert torch.equal(made(), made())
    assert not torch.equal(made(), torch.eye(6))


def test_half_precision_is_cast_once_at_the_end() -> None:
    weight = torch.randn(40, 30).bfloat16()
    child = mutated(weight, k=4)
    assert child.dtype == torch.bfloat16
    assert torch.equal(child, mutated(weight.float(), k=4).bfloat16())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_without_singular_values_is_named(value: float) -> None:
    broken = torch.zeros(4, 4)
    broken[1, 2] = value
    with pytest.raises(InputError, match=r"'layer\.weight' holds NaN"):
        svd_noise({"layer.weight": broken}, rank=2, scale=0.1, generator=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("tied", "message"),
    [((("a", "b"),), "said to be tied but differ"), ((("a", "c"),), "'c' is said to be tied")],
)
def test_a_wrong_tie_is_bad_input(tied: tuple[tuple[str, str], ...], message: str) -> None:
    weights = {"a": torch.eye(3), "b": torch.ones(3, 3)}
    with pytest.raises(InputError, match=message):
        svd_noise(weights, rank=2, scale=0.1, generator=np.random.default_rng(0), tied=tied)
