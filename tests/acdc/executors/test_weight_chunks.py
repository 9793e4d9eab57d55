"""Weights arrive as they were sent, whatever their dtype and shape."""

import pytest
import torch

from acdc.executors.weight_chunks import packed, unpacked
from acdc.weights.tensors import weights_hash


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "matrix": torch.randn(5, 7),
        "transposed": torch.randn(4, 3).T,
        "half": torch.randn(9).bfloat16(),
        "single": torch.tensor(2.5, dtype=torch.float16),
        "counts": torch.arange(3),
        "empty": torch.zeros(0, 2),
    }


@pytest.mark.parametrize("size", [1, 100, 1 << 28])
def test_weights_survive_the_way_whatever_the_size_of_a_chunk(
    weights: dict[str, torch.Tensor], size: int
) -> None:
    arrived = unpacked(packed(weights, size))
    assert list(arrived) == list(weights)
    assert weights_hash(arrived) == weights_hash(weights)


def test_a_chunk_holds_little_more_than_its_size(weights: dict[str, torch.Tensor]) -> None:
    chunks = list(packed(weights, 100))
    assert [list(chunk) for chunk in chunks] == [
        ["matrix"],
        ["transposed", "half", "single", "counts", "empty"],
    ]


def test_read_only_arrays_are_read_without_a_warning(weights: dict[str, torch.Tensor]) -> None:
    def frozen() -> list[dict[str, tuple[str, tuple[int, ...], object]]]:
        chunks = list(packed(weights))
        for chunk in chunks:
            for _, _, flat in chunk.values():
                flat.flags.writeable = False
        return chunks

    assert weights_hash(unpacked(iter(frozen()))) == weights_hash(weights)
