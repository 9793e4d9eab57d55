"""A family of local directories of any architecture: from its directories to a child that transformers loads.

All weights are bfloat16 in several shards; the architectures differ in what they tie, in biases, and in the names of everything.
"""

import multiprocessing
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from acdc.config.config import Config, parse
from acdc.config.evolution import EvolutionSettings
from acdc.engines.engine import Request, Sampling
from acdc.engines.hf import TransformersEngine
from acdc.families.family import Family, resolve
from acdc.parsing.yaml import read_yaml
from acdc.population.breeding import breed
from acdc.population.recipe import child_recipe
from acdc.preflight.family.report import check_family
from acdc.storage.layout import Layout
from acdc.variation.settings import CrossoverSettings, MutationSettings
from acdc.weights.checkpoint import shards
from acdc.weights.tensors import save_weights, weights_hash

PARAMS = Path(__file__).parents[3] / "params.yaml"
SaveModel = Callable[..., Path]
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": {"tie_word_embeddings": True},
    "qwen2": {"tie_word_embeddings": False},  # biases in queries, keys and values
    "gpt_neox": {"tie_word_embeddings": False},  # biases everywhere, one matrix for queries, keys and values
    "gpt2": {"tie_word_embeddings": True},  # transposed matrices, learnt positions, tied without saying so
}
MEMBERS = ("base", "general", "code", "math")


def shard(directory: Path) -> None:
    """Store a model again in bfloat16 and several shards."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.bfloat16)
    (directory / "model.safetensors").unlink()
    model.save_pretrained(directory, max_shard_size="24KB")


def settings_of(home: Path, name: str = "mine", **more: Any) -> Config:
    data = read_yaml(PARAMS.read_text(encoding="utf-8"))
    seeds = {member: str(home / member) for member in MEMBERS[1:]}
    entry = {"base": str(home / "base"), "seeds": seeds, "dtype": "bfloat16", **more}
    data["families"] = {name: entry}
    data["selected"] = {"families": [name], "variants": ["acdc"], "seeds": [0]}
    return parse(data)


def child_of(family: Family) -> dict[str, torch.Tensor]:
    """A child by linear crossover and svd_noise."""
    recipe = child_recipe(
        ["code", "math"],
        [0.8, 1.3],
        CrossoverSettings(),
        MutationSettings(relative=True, scale=0.02, rank=8),
        seed=0,
    )
    return breed(recipe, family.load("base"), [family.load("code"), family.load("math")])


@pytest.fixture(params=ARCHITECTURES)
def home(request: pytest.FixtureRequest, tmp_path: Path, save_tiny_model: SaveModel) -> Path:
    """Base and seeds of one architecture."""
    for seed, member in enumerate(MEMBERS):
        save_tiny_model(tmp_path / member, seed, request.param, **ARCHITECTURES[request.param])
        shard(tmp_path / member)
    return tmp_path


def test_directories_become_a_family_whose_child_answers_and_can_be_loaded_anywhere(home: Path) -> None:
    from transformers import AutoModelForCausalLM

    config = settings_of(home)
    assert all(len(shards(home / member)) > 1 for member in MEMBERS)
    report = check_family(config, config.run_specs("mine")[0], Layout(home))
    assert (report.count("error"), report.distances is not None) == (0, True)
    family = resolve("mine", config.family("mine"), home / "models")
    child = child_of(family)
    assert {tensor.dtype for tensor in child.values()} == {torch.bfloat16}
    assert weights_hash(child) == weights_hash(child_of(family))

    engine = TransformersEngine(family.tokenizer_dir, dtype="bfloat16", rows=2, widths=(32,))
    prompt = engine.chat("What is 1 + 1?")
    (before,) = engine.generate([Request(prompt, 0)], Sampling(max_new_tokens=12))
    engine.load(child, weights_hash(child))
    (after,) = engine.generate([Request(prompt, 0)], Sampling(max_new_tokens=12))
    assert after.tokens
    assert after.logprobs != before.logprobs

    saved = home / "saved"
    shutil.copytree(
        family.tokenizer_dir,
        saved,
        ignore=shutil.ignore_patterns("*.safetensors", "*.safetensors.index.json"),
    )
    save_weights(child, saved / "model.safetensors")
    model, notes = AutoModelForCausalLM.from_pretrained(saved, dtype=torch.bfloat16, output_loading_info=True)
    assert not notes["unexpected_keys"]
    assert not notes["mismatched_keys"]
    tied = set(notes["missing_keys"])
    assert tied <= {"lm_head.weight", "embed_out.weight"}
    tokens = torch.tensor([engine.prompts.encode(prompt)])
    with torch.no_grad():
        assert torch.equal(model(tokens).logits, engine.model(tokens).logits)


def test_a_head_that_a_file_holds_although_the_architecture_ties_it_is_no_weight(
    tmp_path: Path, save_tiny_model: SaveModel
) -> None:
    import json

    from safetensors.torch import save_file

    from acdc.weights.checkpoint import load_weights

    directory = save_tiny_model(tmp_path / "gpt2", 0, "gpt2")
    fields = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    fields.pop("tie_word_embeddings", None)  # old checkpoints do not say
    (directory / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    path = directory / "model.safetensors"
    weights = load_file(path)
    save_file(
        {**weights, "lm_head.weight": weights["transformer.wte.weight"].clone()}, path, {"format": "pt"}
    )
    assert set(load_weights(directory)) == set(weights)


SMALL = {
    "generations": 2,
    "population": 5,
    "offspring": 2,
    "candidates_every": 1,
    "max_new_tokens": 8,
    "tasks": {"initial_target": 6, "initial_attempts": 24, "cap": 6, "adapt": 3, "interval": 1},
}


def evolve(config: Config, root: Path, channel: Any) -> None:
    from acdc.runs.run import evolve_run

    channel.put(evolve_run(config, Layout(root), config.run_spec("mine", "acdc", 0), report=lambda **_: None))


def test_a_family_of_directories_evolves(brief_models: Path, tmp_path: Path) -> None:
    from acdc.storage.store import RunStore

    home = tmp_path / "checkpoints"
    for member, source in zip(MEMBERS, ("base", "general", "strings", "lists"), strict=True):
        shutil.copytree(brief_models / "tiny" / source, home / member)
        shard(home / member)
    config = settings_of(home, preset="tiny", evolution=SMALL)
    assert isinstance(config.evolution("mine", "acdc"), EvolutionSettings)
    resolve("mine", config.family("mine"), tmp_path / "models")
    context = multiprocessing.get_context("spawn")
    channel = context.SimpleQueue()
    process = context.Process(target=evolve, args=(config, tmp_path, channel))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert channel.get().generations == 2
    with RunStore.read(tmp_path / "runs" / "mine" / "acdc" / "seed-0") as run:
        assert len(run.individuals()) == 5 + 2 * 2
        assert run.cells()
