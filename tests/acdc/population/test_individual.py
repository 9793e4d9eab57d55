import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from acdc.errors import InputError
from acdc.population.breeding import breed, stream_rebuilt
from acdc.population.recipe import Recipe, child_recipe, seed_recipe
from acdc.streams import stream
from acdc.variation import CrossoverSettings, MutationSettings, draw_weights
from acdc.weights.tensors import weights_hash

State = dict[str, torch.Tensor]
MUTATION = MutationSettings(rank=8, scale=0.05, relative=True)


def rebuild(recipe: Recipe, *made_of: Any) -> State:
    return dict(stream_rebuilt(recipe, *made_of))


def state(seed: int) -> State:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"embed.weight": (40, 12), "mlp.weight": (12, 64), "norm.weight": (12,)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


FAMILY = {"base": state(0), "general": state(1), "code": state(2), "math": state(3)}


def child(generation: int, index: int, parents: list[str], mutation: MutationSettings = MUTATION) -> Recipe:
    crossover = CrossoverSettings(std=0.5)
    weights, _ = draw_weights(stream(0, "crossover", generation, index), len(parents), std=crossover.std)
    return child_recipe(parents, weights, crossover, mutation, seed=0, indices=(generation, index))


RECIPES = {
    "general": seed_recipe("general"),
    "code": seed_recipe("code"),
    "math": seed_recipe("math"),
    "g1": child(1, 0, ["general", "code"]),
    "g2": child(2, 0, ["g1", "math"]),
    "g3": child(3, 0, ["g2", "g1"]),
}


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_survives_json_and_keeps_its_hash(name: str) -> None:
    recipe = RECIPES[name]
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert again.content_hash == recipe.content_hash
    assert again.to_json() == json.dumps(json.loads(recipe.to_json()), sort_keys=True, separators=(",", ":"))
    assert len(recipe.to_json()) < 500


def test_recipes_that_differ_in_any_number_have_different_hashes() -> None:
    variants = [
        child(1, 0, ["general", "code"]),
        child(1, 1, ["general", "code"]),
        child(1, 0, ["code", "general"]),
        child(1, 0, ["general", "code"], MutationSettings(rank=8, scale=0.06, relative=True)),
        seed_recipe("general"),
        seed_recipe("code"),
    ]
    assert len({recipe.content_hash for recipe in variants}) == len(variants)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind":"child"}', '{"kind":"child","parents":1}'])
def test_a_text_that_is_no_recipe_is_bad_input(text: str) -> None:
    with pytest.raises(InputError, match="cannot read this recipe"):
        Recipe.from_json(text)


def test_a_recipe_rebuilds_the_weights_it_was_bred_with() -> None:
    made: dict[str, State] = dict(FAMILY)
    for name in ("g1", "g2", "g3"):
        made[name] = breed(RECIPES[name], FAMILY["base"], [made[parent] for parent in RECIPES[name].parents])
    rebuilt = rebuild(RECIPES["g3"], RECIPES.__getitem__, FAMILY.__getitem__)
    assert weights_hash(rebuilt) == weights_hash(made["g3"])
    assert weights_hash(rebuilt) == weights_hash(
        rebuild(RECIPES["g3"], RECIPES.__getitem__, FAMILY.__getitem__)
    )


def test_a_fresh_process_rebuilds_the_same_hash() -> None:
    program = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('again', {str(Path(__file__))!r})\n"
        "again = importlib.util.module_from_spec(spec); spec.loader.exec_module(again)\n"
        "w = again.rebuild(again.RECIPES['g3'], again.RECIPES.__getitem__, again.FAMILY.__getitem__)\n"
        "print(again.weights_hash(w))\n"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "7"}
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root, env=environment
    )
    here = rebuild(RECIPES["g3"], RECIPES.__getitem__, FAMILY.__getitem__)
    assert found.stdout.strip() == weights_hash(here)


def test_rebuilding_makes_every_ancestor_once_and_uses_weights_at_hand() -> None:
    asked: Counter[str] = Counter()
    known = breed(RECIPES["g1"], FAMILY["base"], [FAMILY["general"], FAMILY["code"]])

    def lookup(name: str) -> Recipe | State:
        asked[name] += 1
        return known if name == "g1" else RECIPES[name]

    rebuilt = rebuild(RECIPES["g3"], lookup, FAMILY.__getitem__)
    assert weights_hash(rebuilt) == weights_hash(
        rebuild(RECIPES["g3"], RECIPES.__getitem__, FAMILY.__getitem__)
    )
    assert asked == {"g1": 1, "g2": 1, "math": 1}


def test_a_hundred_generations_of_inbreeding_take_a_hundred_steps() -> None:
    none = MutationSettings(kind="none")
    recipes = {"i0": seed_recipe("general"), "i1": seed_recipe("code")}
    for generation in range(2, 102):
        parents = [f"i{generation - 1}", f"i{generation - 2}"]
        recipes[f"i{generation}"] = child(generation, 0, parents, none)
    assert weights_hash(rebuild(recipes["i101"], recipes.__getitem__, FAMILY.__getitem__))


def test_recipes_in_a_circle_are_bad_input() -> None:
    recipes = {
        "a": child(1, 0, ["b", "general"]),
        "b": child(1, 1, ["a", "general"]),
        "general": seed_recipe("general"),
    }
    with pytest.raises(InputError, match="its own ancestor"):
        rebuild(recipes["a"], recipes.__getitem__, FAMILY.__getitem__)


def test_a_seed_is_loaded_not_bred() -> None:
    assert rebuild(RECIPES["code"], RECIPES.__getitem__, FAMILY.__getitem__) == FAMILY["code"]
    with pytest.raises(InputError, match="loaded from its family"):
        breed(RECIPES["code"], FAMILY["base"], [])


def test_task_arithmetic_and_no_mutation_are_recipes_too() -> None:
    crossover = CrossoverSettings(kind="task_arithmetic", lam=0.5)
    recipe = child_recipe(["general"], [1.0], crossover, MutationSettings(kind="none"), seed=0)
    made = breed(recipe, FAMILY["base"], [FAMILY["general"]])
    expected = (FAMILY["base"]["mlp.weight"] + FAMILY["general"]["mlp.weight"]) / 2
    assert torch.allclose(made["mlp.weight"], expected, atol=1e-6)
