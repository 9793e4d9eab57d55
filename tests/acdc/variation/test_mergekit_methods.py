"""Every crossover against what the command `mergekit-yaml` writes to disk for the same inputs and parameters."""

import importlib.metadata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from acdc.errors import InputError
from acdc.parsing.yaml import write_yaml
from acdc.population.breeding import breed
from acdc.population.recipe import Recipe, child_recipe
from acdc.variation import CrossoverSettings, MutationSettings
from acdc.variation.mergekit_methods import KINDS, arc, mask_seed, require
from acdc.weights.checkpoint import load_weights

pytest.importorskip("mergekit", reason="the extra 'merge' is not installed")

State = dict[str, torch.Tensor]
WEIGHTS, LAM, DENSITY = (0.4, 1.3), 0.8, 0.6
ASKED: dict[str, dict[str, Any]] = {  # what the command is told; the weights stand with the models
    "linear": {},
    "task_arithmetic": {"lambda": LAM},
    "slerp": {"t": WEIGHTS[1] / sum(WEIGHTS)},
    "ties": {"density": DENSITY, "lambda": LAM},
    "dare_ties": {"density": DENSITY, "lambda": LAM},
}
MASKED = ("lm_head.weight", "model.layers.1.mlp.up_proj.weight", "model.layers.0.self_attn.v_proj.weight")


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory, save_tiny_model: Callable[..., Path]) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("family")
    names = ("base", "first", "second")
    return {
        name: save_tiny_model(home / name, seed=seed, tie_word_embeddings=False)
        for seed, name in enumerate(names)
    }


def written(
    family: dict[str, Path], out: Path, kind: str, parameters: dict[str, Any], *options: str
) -> State:
    """What the command writes."""
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="mergekit-yaml")
    first, second = str(family["first"]), str(family["second"])
    models = [
        {"model": model, **({} if kind == "slerp" else {"parameters": {"weight": weight}})}
        for model, weight in zip((first, second), WEIGHTS, strict=True)
    ]
    asked: dict[str, Any] = {"merge_method": kind, "models": models, "dtype": "float32"}
    asked |= {"parameters": parameters} if parameters else {}
    if kind != "linear":
        asked["base_model"] = first if kind == "slerp" else str(family["base"])
    recipe = out.with_suffix(".yml")
    recipe.write_text(write_yaml(asked))
    arguments = [str(recipe), str(out), "--quiet", "--no-copy-tokenizer", *options]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the command's own, about NumPy
        command.load()(arguments, standalone_mode=False)
    return load_weights(out)


def recipe_of(kind: str, **changes: float) -> Recipe:
    crossover = CrossoverSettings.model_validate({"kind": kind, "lam": LAM, "density": DENSITY, **changes})
    return child_recipe(["first", "second"], WEIGHTS, crossover, MutationSettings(kind="none"), seed=5)


def ours(family: dict[str, Path], kind: str, dtype: torch.dtype = torch.float32, **changes: float) -> State:
    base, *parents = (
        {name: tensor.to(dtype) for name, tensor in load_weights(path).items()} for path in family.values()
    )
    return breed(recipe_of(kind, **changes), base, parents)


@pytest.mark.parametrize("kind", ["linear", "task_arithmetic", "slerp", "ties"])
def test_a_child_is_what_the_command_writes(family: dict[str, Path], tmp_path: Path, kind: str) -> None:
    found, expected = ours(family, kind), written(family, tmp_path / kind, kind, ASKED[kind])
    assert sorted(found) == sorted(expected)
    for name in found:
        assert torch.allclose(found[name], expected[name], atol=1e-5, rtol=0), name


@pytest.mark.parametrize("name", MASKED)
def test_masks_are_those_that_the_command_draws_from_the_tensors_own_seed(
    family: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """The command has one seed for all tensors; told to thin one tensor only, it draws nothing before it."""
    stream = int(recipe_of("dare_ties").stream, 16)
    only = [{"filter": name, "value": DENSITY}, {"value": 1.0}]
    parameters = {**ASKED["dare_ties"], "density": only}
    seed = str(mask_seed(stream, name))
    expected = written(family, tmp_path / "dare", "dare_ties", parameters, "--random-seed", seed)
    found = ours(family, "dare_ties")
    assert torch.allclose(found[name], expected[name], atol=1e-5, rtol=0)
    dense = ours(family, "dare_ties", density=1.0)
    assert not torch.allclose(found[name], dense[name], atol=1e-3)
    others = [other for other in expected if other != name]
    assert all(torch.allclose(dense[other], expected[other], atol=1e-5, rtol=0) for other in others)


@pytest.mark.parametrize("kind", KINDS)
def test_a_child_depends_on_its_recipe_alone(family: dict[str, Path], kind: str) -> None:
    torch.manual_seed(1)
    first = ours(family, kind)
    state = torch.get_rng_state()
    second = ours(family, kind)
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's draws are moved
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_is_merged_in_fp32_and_cast_once(family: dict[str, Path], kind: str) -> None:
    child = ours(family, kind, torch.bfloat16)
    base, *parents = (
        {name: tensor.bfloat16().float() for name, tensor in load_weights(path).items()}
        for path in family.values()
    )
    wide = breed(recipe_of(kind), base, parents)
    assert all(torch.equal(child[name], wide[name].bfloat16()) for name in child)


def test_masks_differ_between_tensors_and_children() -> None:
    seeds = {mask_seed(stream, name) for stream in (1, 2) for name in MASKED}
    assert len(seeds) == 6


def test_slerp_takes_two_parents_or_one() -> None:
    assert arc([3.0, 1.0]) == 0.25
    assert arc([0.7]) == 0.0
    for wrong in ([1.0, -1.0], [1.0, 1.0, 1.0]):
        with pytest.raises(InputError, match="slerp takes two parents"):
            arc(wrong)
    parent = {"w": torch.randn(3, 3)}
    alone = child_recipe(["a"], [1.2], CrossoverSettings(kind="slerp"), MutationSettings(kind="none"), seed=0)
    child = breed(alone, {"w": torch.zeros(3, 3)}, [parent])
    assert torch.equal(child["w"], parent["w"])
    assert child["w"] is not parent["w"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_extra_the_error_names_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    assert (require(kind) or "").startswith("mergekit 0.1")
    monkeypatch.setattr("acdc.variation.mergekit_methods.version", absent)
    with pytest.raises(InputError, match="extra 'merge'"):
        require(kind)
    with pytest.raises(InputError, match="extra 'merge'"):
        breed(recipe_of(kind), {"w": torch.zeros(2, 2)}, [{"w": torch.ones(2, 2)}] * 2)


def test_what_nothing_reads_is_no_part_of_a_recipe() -> None:
    assert "density" not in CrossoverSettings().model_dump()
    assert CrossoverSettings(kind="dare_ties", density=0.2).model_dump()["density"] == 0.2
    again = Recipe.from_json(recipe_of("ties").to_json())
    assert again == recipe_of("ties")
