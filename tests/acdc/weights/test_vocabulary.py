"""Members with other numbers of vocabulary rows than the general seed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from acdc.errors import InputError
from acdc.families.family import Family, check
from acdc.population.breeding import breed
from acdc.population.recipe import child_recipe
from acdc.variation.settings import CrossoverSettings, MutationSettings
from acdc.weights.tensors import weights_hash
from acdc.weights.vocabulary import Rows, other_rows

SaveModel = Callable[..., Path]
EMBEDDING = "model.embed_tokens.weight"
ROWS = {"base": 261, "general": 264, "code": 280, "math": 256}


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory, save_tiny_model: SaveModel) -> Family:
    """A family whose parts all have another number of rows; embedding and head are not tied."""
    home = tmp_path_factory.mktemp("rows")
    for seed, (name, rows) in enumerate(ROWS.items()):
        save_tiny_model(home / name, seed, vocab_size=rows, tie_word_embeddings=False)
    seeds = {name: home / name for name in ("general", "code", "math")}
    return Family("rows", home / "base", seeds)


def test_every_member_gets_the_general_seeds_number_of_rows(family: Family) -> None:
    check(family)
    general = family.load("general")
    for name in ("base", "code", "math"):
        weights = family.load(name)
        stored = load_file((family.base if name == "base" else family.seeds[name]) / "model.safetensors")
        assert list(weights) == sorted(weights)
        for tensor in (EMBEDDING, "lm_head.weight"):
            kept = min(ROWS[name], 264)
            assert weights[tensor].shape[0] == 264
            assert torch.equal(weights[tensor][:kept], stored[tensor][:kept])
            assert torch.equal(weights[tensor][kept:], general[tensor][kept:])


def test_rows_that_only_the_general_seed_has_survive_a_merge(family: Family) -> None:
    crossover, mutation = CrossoverSettings(), MutationSettings(kind="none")
    recipe = child_recipe(["general", "math"], [0.3, 1.4], crossover, mutation, seed=0)
    child = breed(recipe, family.load("base"), [family.load("general"), family.load("math")])
    general = family.load("general")
    assert torch.allclose(child[EMBEDDING][261:], general[EMBEDDING][261:], atol=1e-6)
    assert not torch.allclose(child[EMBEDDING][:256], general[EMBEDDING][:256], atol=1e-2)


def test_the_same_rows_come_out_every_time(family: Family) -> None:
    assert weights_hash(family.load("math")) == weights_hash(family.load("math"))


def test_only_what_is_as_long_as_the_vocabulary_is_changed() -> None:
    mine, theirs = {"vocab_size": 10}, {"vocab_size": 12}
    found = {"embed": (10, 4), "bias": (10,), "mlp": (10, 8), "norm": (4,)}
    like = {"embed": (12, 4), "bias": (12,), "mlp": (10, 8), "norm": (4,)}
    assert other_rows(found, like, mine, theirs) == {"embed": Rows(10, 12), "bias": Rows(10, 12)}
    assert other_rows(found, like, mine, mine) == {}
    assert other_rows(found, like, {}, theirs) == {}


def test_another_width_is_still_refused(family: Family, tmp_path: Path, save_tiny_model: SaveModel) -> None:
    other = save_tiny_model(tmp_path / "other", 5, vocab_size=280, hidden_size=64, tie_word_embeddings=False)
    wrong = Family("rows", family.base, {**family.seeds, "code": other})
    with pytest.raises(InputError, match=r"has shape \(280, 64\), the base has \(264, 32\)"):
        check(wrong, thorough=False)
    with pytest.raises(InputError, match=r"has shape \(280, 64\)"):
        wrong.load("code")
