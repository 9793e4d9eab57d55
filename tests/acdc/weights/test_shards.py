import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from acdc.weights.checkpoint import load_weights
from acdc.weights.shards import StoredWeights, headers, size_of, write_shards
from acdc.weights.tensors import DamagedWeightsError, weights_hash

State = dict[str, torch.Tensor]


def state(dtype: torch.dtype = torch.bfloat16) -> State:
    generator = torch.Generator().manual_seed(0)
    return {
        f"layer.{i:02d}.weight": torch.randn(64, 32, generator=generator).to(dtype) for i in range(40)
    } | {"bias": torch.ones(3), "steps": torch.tensor(7)}


def in_order(weights: State) -> Iterator[tuple[str, torch.Tensor]]:
    return ((name, weights[name]) for name in sorted(weights))


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acdc.weights.shards._SMALLEST_SHARD", 1 << 10)


def test_one_shard_needs_no_index(tmp_path: Path) -> None:
    found = write_shards(in_order(state()), headers(state()), tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["model.safetensors"]
    assert found == weights_hash(state()) == weights_hash(StoredWeights(tmp_path / "model"))


@pytest.mark.usefixtures("small_shards")
def test_shards_are_small_and_hold_everything(tmp_path: Path) -> None:
    weights = state()
    found = write_shards(in_order(weights), headers(weights), tmp_path / "model")
    index = json.loads((tmp_path / "model/model.safetensors.index.json").read_text())
    sizes = [path.stat().st_size for path in (tmp_path / "model").glob("*.safetensors")]
    assert len(sizes) == len(set(index["weight_map"].values())) >= 14
    assert max(sizes) < size_of(weights) / 10
    stored = StoredWeights(tmp_path / "model")
    assert list(stored) == sorted(weights)
    assert weights_hash(stored) == weights_hash(load_weights(tmp_path / "model")) == found
    assert weights_hash(pickle.loads(pickle.dumps(stored))) == found


def test_what_is_wrong_is_not_there_afterwards(tmp_path: Path) -> None:
    def refuse(found: str, where: Path) -> None:
        assert StoredWeights(where)
        raise ValueError(found)

    (tmp_path / "model").mkdir()
    (tmp_path / "model/old").touch()
    with pytest.raises(ValueError, match=weights_hash(state())):
        write_shards(in_order(state()), headers(state()), tmp_path / "model", refuse)
    some = [(name, tensor) for name, tensor in in_order(state()) if name != "bias"]
    with pytest.raises(ValueError, match="did not come"):
        write_shards(some, headers(state()), tmp_path / "model")
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["model", "model/old"]


def test_tied_tensors_are_written_under_both_names(tmp_path: Path) -> None:
    weight = torch.ones(4, 4)
    tied = {"a": weight, "b": weight}
    write_shards(in_order(tied), headers(tied), tmp_path / "model")
    assert weights_hash(StoredWeights(tmp_path / "model")) == weights_hash(tied)


def test_stored_weights_leave_out_what_load_weights_leaves_out(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    directory = save_tiny_model(tmp_path / "tied", tie_word_embeddings=True)
    assert list(StoredWeights(directory)) == list(load_weights(directory))


def test_damage_is_named(tmp_path: Path) -> None:
    write_shards(in_order(state()), headers(state()), tmp_path / "model")
    file = tmp_path / "model/model.safetensors"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(DamagedWeightsError, match="truncated or corrupt"):
        StoredWeights(tmp_path / "model")
