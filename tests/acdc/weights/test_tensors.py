from pathlib import Path

import pytest
import torch

from acdc.errors import InputError
from acdc.weights.tensors import (
    DamagedWeightsError,
    check_finite,
    check_like,
    read_weights,
    save_weights,
    weights_hash,
)


def state() -> dict[str, torch.Tensor]:
    return {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(4, dtype=torch.bfloat16)}


def test_the_hash_is_over_content_and_not_over_layout_or_order() -> None:
    weights = state()
    turned = {"a": weights["a"], "b": weights["b"].T.contiguous().T}
    assert weights_hash(weights) == weights_hash(turned)


@pytest.mark.parametrize(
    "change",
    [
        {"b": torch.arange(6.0).reshape(3, 2)},
        {"b": torch.arange(6.0).reshape(2, 3).double()},
        {"b": torch.arange(6.0).reshape(2, 3) + 1e-6},
        {"c": torch.ones(1)},
    ],
)
def test_another_name_dtype_shape_or_bit_is_another_hash(change: dict[str, torch.Tensor]) -> None:
    assert weights_hash({**state(), **change}) != weights_hash(state())


def test_a_negative_zero_is_another_hash() -> None:
    assert weights_hash({"w": torch.tensor([0.0])}) != weights_hash({"w": torch.tensor([-0.0])})


def test_saved_weights_are_read_back_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "model.safetensors"
    shared = torch.randn(3, 3)
    weights = {**state(), "head": shared, "embed": shared}
    save_weights(weights, path)
    again = read_weights(path, weights_hash(weights))
    assert list(again) == sorted(weights)
    assert [entry.name for entry in path.parent.iterdir()] == ["model.safetensors"]


def test_equal_weights_make_equal_files(tmp_path: Path) -> None:
    save_weights(state(), tmp_path / "one")
    save_weights(dict(reversed(state().items())), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_truncated_a_garbled_and_a_missing_file_are_damaged_weights(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(state(), path)
    whole = path.read_bytes()
    for content in (whole[:-5], whole[:4], b"", b"no weights at all"):
        path.write_bytes(content)
        with pytest.raises(DamagedWeightsError, match="truncated or corrupt"):
            read_weights(path)
    with pytest.raises(DamagedWeightsError, match="missing"):
        read_weights(tmp_path / "none")


def test_a_flipped_byte_is_noticed_by_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(state(), path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedWeightsError, match="other weights than expected"):
        read_weights(path, weights_hash(state()))


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(OSError, match="taken"):
        save_weights(state(), path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_values_that_are_not_finite_are_named() -> None:
    with pytest.raises(InputError, match="seed x: weight 'b' holds NaN"):
        check_finite({"a": torch.ones(1), "b": torch.tensor([float("nan")])}, "seed x")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"a": (2,)}, r"weight 'a' has shape \(2,\), the base has \(1,\)"),
        ({}, "the base has the weight 'a', but seed does not"),
        ({"a": (1,), "b": (1,)}, "seed has the weight 'b', but the base does not"),
    ],
)
def test_weights_unlike_the_base_are_named(found: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_like(found, {"a": (1,)}, "seed")
