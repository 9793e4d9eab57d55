"""An individual as a Hugging Face directory: loads with transformers, answers the same, and says what it is made of."""

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from acdc.config.config import load
from acdc.engines.engine import Request, Sampling
from acdc.errors import InfrastructureError, InputError
from acdc.parsing.yaml import read_yaml
from acdc.runs.assembly import engine_of
from acdc.storage.layout import Layout
from acdc.weights.tensors import weights_hash
from evals.answering.evaluation_workers import RunWeights, prepared_family
from evals.correctness import from_samples
from reproductions.cli.export import register
from reproductions.publish.licences import licence_of
from reproductions.publish.publish import Published, export
from tests import small_project
from tests.small_project import GRANDCHILD, RUN

QUESTIONS = ["Reverse cat.", "2 + 2?", "", "é 🗾"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, save_tiny_model: Callable[..., Path]) -> Path:
    root = tmp_path_factory.mktemp("publish")
    small_project.make(root, save_tiny_model)
    (root / "checkpoints/general/README.md").write_text("---\nlicense: apache-2.0\n---\n# General\n")
    (root / "checkpoints/code/LICENSE").write_text("\nSome Community Licence\nVersion 2\n")
    config_file = root / "checkpoints/general/config.json"
    config_file.write_text(
        json.dumps(json.loads(config_file.read_text()) | {"_name_or_path": "/home/someone/x"})
    )
    return root


def exported(root: Path, to: Path, id: str = GRANDCHILD, **more: Any) -> Published:
    return export(load(root / "params.yaml"), Layout(root), root / RUN, id, to, **more)


@pytest.fixture(scope="module")
def written(project: Path) -> Path:
    exported(project, project / "out" / "model")
    return project / "out" / "model"


def metadata(directory: Path) -> dict[str, Any]:
    _, front, _ = (directory / "README.md").read_text().split("---", 2)
    found: dict[str, Any] = read_yaml(front)
    return found


def test_transformers_loads_it_and_it_answers_as_the_individual_does(project: Path, written: Path) -> None:
    import torch
    import transformers

    config = load(project / "params.yaml")
    family = prepared_family(config, Layout(project), "mine")
    engine: Any = engine_of(config, family)
    weights = RunWeights(family, project / RUN).weights(GRANDCHILD)
    engine.load(weights, "hash")
    prompts = [engine.chat(question, "Be brief.") for question in QUESTIONS]
    expected = engine.generate([Request(prompt) for prompt in prompts], Sampling(max_new_tokens=12))

    model: Any = transformers.AutoModelForCausalLM.from_pretrained(written)
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(written)
    state = model.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in weights.items())
    for question, prompt, answer in zip(QUESTIONS, prompts, expected, strict=True):
        turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}]
        assert tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) == prompt
        ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
        reply = model.generate(**ids, max_new_tokens=12, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert tokenizer.decode(reply, skip_special_tokens=True) == answer.text
    assert engine.generate([Request(p) for p in prompts], Sampling(max_new_tokens=12)) == expected


def test_nothing_in_it_names_a_place_on_this_machine(project: Path, written: Path) -> None:
    for path in written.iterdir():
        if path.suffix != ".safetensors":
            text = path.read_text()
            assert str(project) not in text
            assert "/home/" not in text


def test_the_card_says_lineage_recipe_licences_and_results_with_their_n(project: Path, written: Path) -> None:
    card = (written / "README.md").read_text()
    recipe = next(row for row in _individuals(project) if row[1] == GRANDCHILD)
    assert json.loads(recipe[3])["parents"][0] in card
    assert f'"stream": "{json.loads(recipe[3])["stream"]}"' in card
    assert recipe[4] in card
    assert "| general | general, a local directory | apache-2.0 |" in card
    assert "| code | code, a local directory | Some Community Licence (LICENSE) |" in card
    assert "**Of base the licence is unknown" in card
    assert "place 1 of 3 chosen by coverage, place 3 of 3 chosen by fitness" in card
    # 2 of 3 answered tasks; Wilson's 95% interval is 20.8 to 93.9.
    assert "| all | 2 | 3 | 66.7 [20.8, 93.9] |" in card
    assert "| lists | 1 | 2 |" in card
    assert "not evaluated on benchmarks" in card
    assert metadata(written)["license"] == "other"
    assert "base: unknown" in metadata(written)["license_name"]
    assert "base_model" not in metadata(written)


def _individuals(project: Path) -> list[Any]:
    from acdc.storage.store import RunStore

    with RunStore.read(project / RUN) as store:
        return store.individuals()


def test_benchmark_results_count_where_these_weights_gave_them(project: Path, tmp_path: Path) -> None:
    hashes = {row[1]: row[4] for row in _individuals(project)}
    folder = project / "results/mine/acdc/seed-0/riddles"
    folder.mkdir(parents=True)
    try:
        for hash_, shown in ((hashes[GRANDCHILD], True), ("other weights", False)):
            samples = [
                {
                    "benchmark": "riddles",
                    "model": GRANDCHILD,
                    "weights_hash": hash_,
                    "temperature": 0.0,
                    "draw": 0,
                    "question_id": f"q{i}",
                    "question_hash": f"h{i}",
                    "correct": (True, False, None, True)[i],
                    "finish": "stop",
                    "tokens": 1,
                    "prompt_tokens": 1,
                }
                for i in range(4)
            ]
            (folder / "correctness.json").write_text(json.dumps(from_samples(samples, "x").to_json()))
            exported(project, tmp_path / str(shown))
            card = (tmp_path / str(shown) / "README.md").read_text()
            assert ("| riddles | 2 | 3 | 66.7 [20.8, 93.9] |" in card) == shown
    finally:
        shutil.rmtree(project / "results")


def test_a_seed_is_exported_with_its_own_weights(project: Path, tmp_path: Path) -> None:
    from acdc.weights.checkpoint import load_weights

    exported(project, tmp_path / "seed", "code")
    own = load_weights(project / "checkpoints/code")
    assert weights_hash(load_weights(tmp_path / "seed")) == weights_hash(own)
    assert "A seed has no parents." in (tmp_path / "seed/README.md").read_text()


def test_what_is_there_is_replaced_only_when_asked_and_only_a_model(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    exported(project, target)  # empty: may be used
    before = (target / "model.safetensors").read_bytes()
    with pytest.raises(InputError, match=r"not empty.*--force"):
        exported(project, target, "code")
    assert (target / "model.safetensors").read_bytes() == before
    exported(project, target, "code", force=True)
    assert (target / "model.safetensors").read_bytes() != before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/diary.txt").write_text("dear diary")
    with pytest.raises(InputError, match=r"no config\.json"):
        exported(project, tmp_path / "mine", force=True)
    with pytest.raises(InputError, match="a file or link"):
        exported(project, tmp_path / "mine/diary.txt", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "model"]


def test_a_full_disk_leaves_what_was_there_and_nothing_else(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "model"
    exported(project, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # the kernel refuses to write more
    try:
        with pytest.raises(InfrastructureError, match="could not be written"):
            exported(project, target, "code", force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(InfrastructureError, match="GB are needed"):
        exported(project, target, "code", force=True)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_large_models_are_written_in_shards(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    monkeypatch.setattr("reproductions.publish.model_directory._SHARD", "30KB")
    done = exported(project, tmp_path / "model")
    index = json.loads((tmp_path / "model/model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) > 1
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert sum(parameter.numel() for parameter in model.parameters()) == done.parameters


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ("gpt_neox", {"tie_word_embeddings": False, "attention_bias": True}),
        ("qwen3", {"dtype": "bfloat16"}),
    ],
)
def test_other_architectures_and_bfloat16(
    tmp_path: Path, save_tiny_model: Callable[..., Path], architecture: str, changes: dict[str, Any]
) -> None:
    import transformers

    small_project.make(tmp_path, save_tiny_model, architecture=architecture, **changes)
    done = exported(tmp_path, tmp_path / "out")
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert str(model.dtype) == f"torch.{done.dtype}" == f"torch.{changes.get('dtype', 'float32')}"
    assert json.loads((tmp_path / "out/config.json").read_text())["model_type"] == architecture


def invoke(root: Path, *words: str) -> Any:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["export", *words, "--params", str(root / "params.yaml")])


def test_the_command_says_what_it_wrote_and_warns_of_unknown_licences(project: Path, tmp_path: Path) -> None:
    run = str(project / RUN)
    result = invoke(project, GRANDCHILD, "--to", str(tmp_path / "m"), "--run", run, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["licences"] == {
        "base": "unknown",
        "general": "apache-2.0",
        "code": "Some Community Licence (LICENSE)",
    }
    shown = invoke(project, "code", "--to", str(tmp_path / "n"), "--run", run)
    assert "the licence of base is not stated" in shown.output
    wrong = invoke(project, "g001c09", "--to", str(tmp_path / "o"), "--run", run)
    assert isinstance(wrong.exception, InputError)
    assert "did you mean 'g001c00'" in str(wrong.exception)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, ""),
        ({"README.md": "no metadata"}, ""),
        ({"README.md": "---\nlicense: mit\n---\n"}, "mit"),
        ({"README.md": "---\nlicense: other\nlicense_name: qwen\n---\n"}, "qwen"),
        ({"README.md": "---\nlicense: [mit, bsd]\n---\n"}, "mit, bsd"),
        ({"README.md": "---\n: [\n---\n", "LICENSE": "MIT\n"}, "MIT (LICENSE)"),
        ({"README.md": "---\nlicense: unknown\n---\n"}, ""),
        ({"LICENSE": "\n\n"}, ""),
    ],
)
def test_licences_are_what_the_files_say(tmp_path: Path, files: dict[str, str], said: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert licence_of(tmp_path) == said
