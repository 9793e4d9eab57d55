import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InputError
from acdc.tiny import shipped
from acdc.tiny.family import MANIFEST, MODELS, train_family, weights_file_hash
from acdc.tiny.settings import TinySettings


def test_the_package_carries_every_model_with_the_recorded_hash_in_under_ten_megabytes() -> None:
    manifest = json.loads((shipped.FOLDER / MANIFEST).read_text())
    for name in MODELS:
        assert weights_file_hash(shipped.FOLDER / name) == manifest["models"][name]["weights_hash"]
    size = sum(path.stat().st_size for path in shipped.FOLDER.rglob("*") if path.is_file())
    assert size < 10_000_000


def test_the_card_and_the_record_of_the_making_say_licence_versions_and_seconds() -> None:
    card = (shipped.FOLDER / "README.md").read_text()
    made = json.loads((shipped.FOLDER / shipped.MADE).read_text())
    assert "license: apache-2.0" in card
    assert set(made["libraries"]) == {"torch", "numpy", "safetensors"}
    assert set(made["cpu_seconds"]) == set(MODELS)


def test_defaults_take_the_shipped_weights_and_any_changed_setting_trains() -> None:
    assert shipped.takes_shipped(TinySettings())
    assert shipped.takes_shipped(TinySettings.model_validate({"from": "shipped"}))
    assert not shipped.takes_shipped(TinySettings.model_validate({"from": "scratch"}))
    assert not shipped.takes_shipped(TinySettings(seed=1))
    assert not shipped.takes_shipped(TinySettings(base_steps=901))


def test_installing_twice_changes_nothing_and_a_spoilt_file_is_put_right(tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    shipped.install(out)
    weights, tokenizer = out / "base/model.safetensors", out / "lists/tokenizer.json"
    before = weights.stat().st_ino
    tokenizer.write_text("{}")
    shipped.install(out)
    assert weights.stat().st_ino == before
    assert tokenizer.read_bytes() == (shipped.FOLDER / "lists/tokenizer.json").read_bytes()
    assert json.loads((out / MANIFEST).read_text())["from"] == "shipped"


def test_a_damaged_package_is_said_to_be_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "package"
    shutil.copytree(shipped.FOLDER, copy)
    with (copy / "big/model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\0" if file.read(1) != b"\0" else b"\1")
    monkeypatch.setattr(shipped, "FOLDER", copy)
    with pytest.raises(InputError, match=r"big: the shipped weights are damaged"):
        shipped.install(tmp_path / "tiny")


def test_only_a_family_that_was_trained_with_the_defaults_can_be_shipped(tmp_path: Path) -> None:
    shipped.install(tmp_path / "tiny")
    with pytest.raises(InputError, match="not trained from scratch"):
        shipped.pack(tmp_path / "tiny", tmp_path / "out")


def test_who_asks_for_training_gets_trained_models_where_shipped_ones_lie(tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    shipped.install(out)
    asked: list[str] = []

    def train(missing: Any, out: Path, progress: Any) -> dict[str, Any]:
        asked.extend(missing)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_family(TinySettings(origin="scratch"), out, train=train)
    assert sorted(asked) == sorted(MODELS)
