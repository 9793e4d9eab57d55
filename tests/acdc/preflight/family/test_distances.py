"""Pairwise distances of seeds."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from acdc.preflight.family.distances import Distances, distance_finding, distances, published
from tests.acdc.preflight.family.families import check, found


def moved(source: Path, target: Path, by: float) -> Path:
    """The same model with one weight moved."""
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    weights = load_file(target / "model.safetensors")
    weights["model.norm.weight"][0] += by
    save_file(weights, target / "model.safetensors", {"format": "pt"})
    return target


def test_distances_and_their_ratio_follow_from_the_weights(sound_family: Path, tmp_path: Path) -> None:
    base = sound_family / "base"
    seeds = {"a": base, "b": moved(base, tmp_path / "b", 3.0), "c": moved(base, tmp_path / "c", -1.0)}
    calls: list[tuple[int, int]] = []
    measured = distances(seeds, lambda done, of: calls.append((done, of)))
    assert measured.pairs == pytest.approx({("a", "b"): 3.0, ("a", "c"): 1.0, ("b", "c"): 4.0})
    assert measured.ratio == pytest.approx(0.25)
    assert calls[-1][0] == calls[-1][1] == len(load_file(base / "model.safetensors"))


def test_of_vocabularies_of_other_sizes_the_common_rows_count(
    sound_family: Path, tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    more = save_tiny_model(tmp_path / "more", 0, vocab_size=270)
    first, second = (
        load_file(sound_family / "base" / "model.safetensors"),
        load_file(more / "model.safetensors"),
    )
    square = sum(
        float((first[name] - second[name][: len(first[name])]).double().square().sum()) for name in first
    )
    found = distances({"a": sound_family / "base", "b": more}, lambda *_: None)
    assert found.pairs["a", "b"] == pytest.approx(square**0.5)
    assert found.ratio is None


def test_two_equal_seeds_have_no_ratio(sound_family: Path) -> None:
    base = sound_family / "base"
    measured = distances({"a": base, "b": base, "c": base}, lambda *_: None)
    assert measured.ratio is None
    assert "needs three seeds that differ" in distance_finding(measured).says


def test_the_finding_names_both_ends_and_how_little_they_prove() -> None:
    low = distance_finding(Distances({("a", "b"): 1.0, ("a", "c"): 10.0}, 0.1)).says
    assert "nearer to Qwen2 7B's 0.047" in low
    assert "DeepSeek V1 7B 0.642 (+7.04 points)" in low
    assert "do not make it a test" in low
    assert "nearer to Llama3 8B's 0.786" in distance_finding(Distances({}, 0.7)).says
    assert [row.ratio for row in published()] == sorted(row.ratio for row in published())


def test_a_check_measures_only_what_could_run(home: Path) -> None:
    report = check(home)
    assert report.distances is not None
    assert len(report.distances.pairs) == 3
    (home / "code" / "config.json").unlink()
    spoilt = check(home)
    assert spoilt.distances is None
    assert found(spoilt, "distances") == []


def test_half_precision_is_compared_in_single(sound_family: Path, tmp_path: Path) -> None:
    weights = load_file(sound_family / "base" / "model.safetensors")
    for name, shift in (("a", 0.0), ("b", 0.5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_bytes((sound_family / "base" / "config.json").read_bytes())
        half = {key: (tensor + shift).to(torch.bfloat16) for key, tensor in weights.items()}
        save_file(half, tmp_path / name / "model.safetensors", {"format": "pt"})
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("a", "b"))
    wanted = sum(float((one[key].double() - other[key].double()).square().sum()) for key in one) ** 0.5
    measured = distances({"a": tmp_path / "a", "b": tmp_path / "b"}, lambda *_: None)
    assert measured.pairs["a", "b"] == pytest.approx(wanted, rel=1e-6)
