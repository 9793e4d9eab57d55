"""Weights are looked at before they reach an engine that takes anything, and written whole where files are the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from acdc.engines.staging import checked, staged
from acdc.errors import InputError
from acdc.weights.checkpoint import load_weights, shapes


def test_a_tied_head_may_be_there_or_not(tiny_model_dir: Path) -> None:
    weights = load_weights(tiny_model_dir)
    tied = {**weights, "lm_head.weight": weights["model.embed_tokens.weight"]}
    assert checked(tied, shapes(tiny_model_dir)).keys() == weights.keys()
    assert checked(weights, shapes(tiny_model_dir)).keys() == weights.keys()


def test_an_untied_head_must_be_there(tmp_path: Path, save_tiny_model: Callable[..., Path]) -> None:
    directory = save_tiny_model(tmp_path / "untied", tie_word_embeddings=False)
    weights = load_weights(directory)
    assert "lm_head.weight" in checked(weights, shapes(directory))
    del weights["lm_head.weight"]
    with pytest.raises(InputError, match=r"has the weight 'lm_head\.weight'"):
        checked(weights, shapes(directory))


def test_a_staged_model_is_the_model_and_is_gone_afterwards(tiny_model_dir: Path) -> None:
    weights = {name: tensor + 1 for name, tensor in load_weights(tiny_model_dir).items()}
    with staged(weights, tiny_model_dir) as directory:
        found = load_weights(directory)
        assert (directory / "config.json").read_bytes() == (tiny_model_dir / "config.json").read_bytes()
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    assert not directory.exists()


def test_no_room_is_said(tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acdc.engines.staging.shutil.disk_usage", lambda place: type("U", (), {"free": 10}))
    with pytest.raises(InputError, match="has room: free some, or set TMPDIR"), staged({}, tiny_model_dir):
        pass
