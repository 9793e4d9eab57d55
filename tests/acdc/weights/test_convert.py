"""PyTorch weights written as safetensors."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from acdc.errors import InputError
from acdc.weights.checkpoint import load_weights
from acdc.weights.convert import convert


@pytest.fixture
def old(tmp_path: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A model directory with two shards in bfloat16, as older models have them."""
    generator = torch.Generator().manual_seed(0)
    weights = {
        f"layer.{i}.weight": torch.randn(4, 3, generator=generator).to(torch.bfloat16) for i in range(4)
    }
    source = tmp_path / "old"
    source.mkdir()
    (source / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (source / "tokenizer.json").write_text("{}", encoding="utf-8")
    names = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
    places = {name: names[index % 2] for index, name in enumerate(weights)}
    for file in names:
        torch.save({name: weights[name] for name in weights if places[name] == file}, source / file)
    (source / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}), encoding="utf-8")
    return source, weights


def test_the_values_are_those_of_the_files_to_the_bit(
    old: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    source, weights = old
    assert len(convert(source, tmp_path / "new")) == 2
    found = load_weights(tmp_path / "new")
    assert set(found) == set(weights)
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    assert (tmp_path / "new" / "tokenizer.json").is_file()
    assert not list((tmp_path / "new").glob("*.bin*"))


def test_one_file_becomes_one_file(tmp_path: Path) -> None:
    source = tmp_path / "old"
    source.mkdir()
    (source / "config.json").write_text("{}", encoding="utf-8")
    shared = torch.arange(6.0)
    torch.save({"a": shared, "b": shared}, source / "pytorch_model.bin")
    (written,) = convert(source, tmp_path / "new")
    assert torch.equal(load_file(written)["b"], shared)


class Attack:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_code_in_a_pickle_is_not_run_and_nothing_is_left(tmp_path: Path) -> None:
    source, mark = tmp_path / "old", tmp_path / "ran"
    source.mkdir()
    (source / "config.json").write_text("{}", encoding="utf-8")
    torch.save({"a": Attack(mark)}, source / "pytorch_model.bin")
    with pytest.raises(InputError, match="not a plain state dict"):
        convert(source, tmp_path / "new")
    assert not mark.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old"]


def test_what_cannot_be_converted_is_bad_input(
    old: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    source, _ = old
    with pytest.raises(InputError, match="exists already"):
        convert(source, source)
    (source / "pytorch_model-00002-of-00002.bin").unlink()
    with pytest.raises(InputError, match="holds no pytorch_model-00002"):
        convert(source, tmp_path / "new")
