"""A child that is bred tensor by tensor has the bits of one that is bred whole."""

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from acdc.errors import InfrastructureError, InputError
from acdc.population.breeding import breed, stream_bred, stream_rebuilt
from acdc.population.recipe import Recipe, child_recipe, seed_recipe
from acdc.variation import CrossoverSettings, MutationSettings, linear, svd_noise
from acdc.weights.checkpoint import load_weights
from acdc.weights.shards import StoredWeights, headers, write_shards
from acdc.weights.tensors import weights_hash

State = dict[str, torch.Tensor]
MUTATION = MutationSettings(rank=8, scale=0.05)


def recipe(parents: list[str], index: int = 0, **crossover: object) -> Recipe:
    settings = CrossoverSettings.model_validate(crossover)
    return child_recipe(parents, [0.4, 1.3], settings, MUTATION, seed=0, indices=(index,))


@pytest.fixture(scope="module", params=["llama", "gpt_neox"])
def family(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    save_tiny_model: Callable[..., Path],
) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("family")
    names = ("base", "first", "second")
    return {
        name: save_tiny_model(home / name, seed=seed, architecture=request.param)
        for seed, name in enumerate(names)
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_streamed_child_is_both_operators_one_after_the_other(
    family: dict[str, Path], dtype: torch.dtype
) -> None:
    base, *parents = (
        {name: tensor.to(dtype) for name, tensor in load_weights(path).items()} for path in family.values()
    )
    child = recipe(["first", "second"])
    generator = np.random.Generator(np.random.PCG64(int(child.stream, 16)))
    whole = svd_noise(
        linear(base, parents, child.weights), rank=MUTATION.rank, scale=MUTATION.scale, generator=generator
    )
    streamed = list(stream_bred(child, base, parents))
    assert [name for name, _ in streamed] == sorted(base)
    assert weights_hash(dict(streamed)) == weights_hash(whole)
    assert {tensor.dtype for _, tensor in streamed} == {dtype}


def test_weights_read_from_files_give_the_bits_of_weights_in_memory(family: dict[str, Path]) -> None:
    child = recipe(["first", "second"])
    stored, resident = ([how(path) for path in family.values()] for how in (StoredWeights, load_weights))
    assert weights_hash(breed(child, stored[0], stored[1:])) == weights_hash(
        breed(child, resident[0], resident[1:])
    )


def test_a_line_of_ancestors_is_made_tensor_by_tensor(family: dict[str, Path], tmp_path: Path) -> None:
    """Of four generations, bred and written one after the other; then the last one from seeds alone."""
    seeds = {name: load_weights(path) for name, path in family.items()}
    recipes = {"first": seed_recipe("first"), "second": seed_recipe("second")}
    made: dict[str, State] = dict(seeds)
    previous = ["first", "second"]
    for index in range(4):
        name = f"g{index}"
        recipes[name] = recipe(previous, index)
        made[name] = breed(recipes[name], seeds["base"], [made[parent] for parent in previous])
        previous = [name, "first"]
    again = stream_rebuilt(recipes["g3"], recipes.__getitem__, seeds.__getitem__)
    found = write_shards(again, headers(seeds["base"]), tmp_path / "g3")
    assert found == weights_hash(made["g3"]) == weights_hash(load_weights(tmp_path / "g3"))


def test_a_tensor_that_was_handed_over_is_not_kept() -> None:
    base, first, second = (
        {f"w{i}": torch.randn(6, 5, generator=torch.Generator().manual_seed(seed)) for i in range(5)}
        for seed in range(3)
    )
    alive: list[weakref.ref[torch.Tensor]] = []
    for _, tensor in stream_bred(recipe(["first", "second"]), base, [first, second]):
        assert not any(reference() is not None for reference in alive)
        alive.append(weakref.ref(tensor))
        del tensor


def tied(seed: int, *, shared: bool) -> State:
    generator = torch.Generator().manual_seed(seed)
    embedding, matrix = (torch.randn(9, 4, generator=generator) for _ in range(2))
    return {"z": embedding if shared else embedding.clone(), "m": matrix, "a": embedding}


@pytest.mark.parametrize("shared", [True, False], ids=["sharing memory", "named"])
def test_a_tied_pair_stays_one_tensor_through_generations(shared: bool) -> None:
    seeds = {name: tied(seed, shared=shared) for seed, name in enumerate(("base", "first", "second"))}
    recipes = {"first": seed_recipe("first"), "second": seed_recipe("second")}
    recipes["g0"] = recipe(["first", "second"])
    last = recipe(["g0", "second"], 1)
    ties = () if shared else [("z", "a")]
    child = dict(stream_rebuilt(last, recipes.__getitem__, seeds.__getitem__, tied=ties))
    assert child["a"] is child["z"]
    alone = {name: {k: v for k, v in model.items() if k != "z"} for name, model in seeds.items()}
    expected = dict(stream_rebuilt(last, recipes.__getitem__, alone.__getitem__))
    assert all(torch.equal(child[name], expected[name]) for name in expected)


def test_pairs_that_are_said_to_be_tied_must_be_equal() -> None:
    models = [tied(seed, shared=False) for seed in range(3)]
    models[1]["z"] += 1
    with pytest.raises(InputError, match="said to be tied but differ"):
        breed(recipe(["first", "second"]), models[0], models[1:], tied=[("z", "a")])


def test_a_child_of_a_gpu_is_not_made_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    there = child_recipe(["a"], [1.0], CrossoverSettings(), MUTATION, seed=0, device="cuda")
    assert Recipe.from_json(there.to_json()) == there
    with pytest.raises(InfrastructureError, match="no CUDA device"):
        breed(there, {"w": torch.zeros(2, 2)}, [{"w": torch.ones(2, 2)}])
