import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from acdc.errors import InfrastructureError, InputError
from acdc.families.family import Family, FamilySettings, load_weights, resolve, write_family

SaveModel = Callable[..., Path]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, save_tiny_model: SaveModel) -> Path:
    """Directories base, general, code, big of one family."""
    home = tmp_path_factory.mktemp("family")
    for seed, name in enumerate(("base", "general", "code")):
        save_tiny_model(home / name, seed)
    save_tiny_model(home / "big", 7, hidden_size=64)
    return home


@pytest.fixture
def home(sound: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(sound, tmp_path / "local"))


def settings(home: Path, **changes: object) -> FamilySettings:
    seeds = {"code": str(home / "code"), "general": str(home / "general")}
    fields = {"base": str(home / "base"), "seeds": seeds, "big": str(home / "big"), **changes}
    return FamilySettings.model_validate(fields)


def refused(home: Path, models: Path, message: str, **changes: object) -> None:
    """Resolving fails with this message and writes nothing."""
    with pytest.raises(InputError, match=message):
        resolve("mine", settings(home, **changes), models)
    assert not models.exists()


def test_local_directories_become_a_family_with_a_record(home: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    family = resolve("mine", settings(home, experts={"paper": ["general", "code"]}), models)
    assert list(family.seeds) == ["general", "code"]
    assert family.tokenizer_dir == home / "general"
    assert family.experts == {"paper": ("general", "code")}
    assert (models / "mine" / "family.json").is_file()
    assert resolve("mine", settings(home, experts={"paper": ["general", "code"]}), models) == family


def test_changed_settings_are_resolved_anew(home: Path, tmp_path: Path, save_tiny_model: SaveModel) -> None:
    models = tmp_path / "models"
    resolve("mine", settings(home), models)
    other = save_tiny_model(home / "other", 9)
    seeds = {"general": str(home / "general"), "code": str(other)}
    assert resolve("mine", settings(home, seeds=seeds), models).seeds["code"] == other


def test_an_embedded_family_is_read_from_its_record(home: Path, tmp_path: Path) -> None:
    trained = FamilySettings(train={}, dtype="float32")
    with pytest.raises(InputError, match="run `acdc seeds local` first"):
        resolve("local", trained, tmp_path)
    seeds = {name: home / name for name in ("general", "code")}
    write_family(
        Family("local", home / "base", seeds, home / "big"), home / "family.json", anything={"more": 1}
    )
    record = json.loads((home / "family.json").read_text())
    assert record["base"] == "base"  # relative, so that the folder can move
    family = resolve("local", trained, tmp_path)
    assert family.seeds == seeds
    assert family.big == home / "big"


def test_a_spoilt_record_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    for text in ("{", "{}", '{"name": "tiny", "base": "base", "seeds": {"code": "code"}}', "[]"):
        (tmp_path / "tiny" / "family.json").write_text(text)
        with pytest.raises(InputError, match="not a family record"):
            resolve("tiny", FamilySettings(train={}), tmp_path)


def test_weights_are_loaded_sorted_and_against_the_base(sound: Path) -> None:
    family = Family("mine", sound / "base", {"general": sound / "general"})
    weights = family.load("general")
    assert list(weights) == sorted(weights)
    assert "lm_head.weight" not in weights
    assert set(weights) == set(family.load("base"))
    with pytest.raises(InputError, match="no seed 'genral'; did you mean 'general'"):
        family.load("genral")


def test_the_head_of_a_tied_model_is_left_out(home: Path) -> None:
    path = home / "code" / "model.safetensors"
    weights = load_file(path)
    save_file(
        {**weights, "lm_head.weight": weights["model.embed_tokens.weight"].clone()}, path, {"format": "pt"}
    )
    assert set(load_weights(home / "code", home / "base")) == set(weights)


def test_shards_are_read_as_one_model_and_a_missing_one_is_named(home: Path) -> None:
    whole = load_weights(home / "code")
    names = sorted(whole)
    parts = {"model-1.safetensors": names[:5], "model-2.safetensors": names[5:]}
    for file, members in parts.items():
        save_file({name: whole[name] for name in members}, home / "code" / file)
    index = {"weight_map": {name: file for file, members in parts.items() for name in members}}
    (home / "code" / "model.safetensors.index.json").write_text(json.dumps(index))
    (home / "code" / "model.safetensors").unlink()
    assert all(torch.equal(load_weights(home / "code")[name], whole[name]) for name in names)
    (home / "code" / "model-2.safetensors").unlink()
    with pytest.raises(InputError, match=r"incomplete: model-2\.safetensors is missing"):
        load_weights(home / "code")


def test_a_missing_directory_is_bad_input_with_the_nearest_name(home: Path, tmp_path: Path) -> None:
    refused(home, tmp_path / "models", "baze does not exist; did you mean 'base'", base=str(home / "baze"))


def test_a_seed_of_other_shapes_names_the_tensor_and_both_shapes(
    home: Path, tmp_path: Path, save_tiny_model: SaveModel
) -> None:
    save_tiny_model(home / "code", 5, hidden_size=64)
    refused(
        home, tmp_path / "models", r"Seed 'code'.*'model.*' has shape \(261, 64\), the base has \(261, 32\)"
    )


def test_a_seed_of_another_architecture_is_refused(
    home: Path, tmp_path: Path, save_tiny_model: SaveModel
) -> None:
    shutil.rmtree(home / "code")
    save_tiny_model(home / "code", 5, "gpt_neox")
    refused(home, tmp_path / "models", "is a 'gpt_neox' model, the base a 'llama'")


def test_a_truncated_seed_is_refused(home: Path, tmp_path: Path) -> None:
    path = home / "code" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(home, tmp_path / "models", "code/model.safetensors is truncated or corrupt")


def test_nan_in_a_seed_is_refused_with_the_weights_name(home: Path, tmp_path: Path) -> None:
    path = home / "code" / "model.safetensors"
    weights = load_file(path)
    weights["model.norm.weight"][3] = float("nan")
    save_file(weights, path, {"format": "pt"})
    refused(home, tmp_path / "models", r"code: weight 'model\.norm\.weight' holds NaN")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["chat_template.jinja", "tokenizer_config.json"], "no chat template"),
        (["tokenizer.json"], "holds no tokenizer"),
        (["config.json"], r"config\.json is missing"),
        (["model.safetensors"], r"holds no model\.safetensors"),
    ],
)
def test_an_incomplete_general_seed_is_refused(
    home: Path, tmp_path: Path, files: list[str], message: str
) -> None:
    for name in files:
        (home / "general" / name).unlink(missing_ok=True)
    refused(home, tmp_path / "models", message)


def test_an_id_that_cannot_be_downloaded_says_so(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="could not be downloaded"):
        resolve("mine", settings(home, base="nobody-here/no-such-model"), tmp_path / "models")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "needs `base`"),
        ({"base": "x", "seeds": {"code": "y"}}, "'general'"),
        ({"base": "x", "seeds": {"general": "y"}, "train": {}}, "not both"),
        (
            {"base": "x", "seeds": {"general": "y"}, "experts": {"paper": ["genral"]}},
            "did you mean 'general'",
        ),
        ({"base": "x", "seeds": {"general": "y"}, "bigg": "z"}, "bigg"),
    ],
)
def test_settings_that_make_no_family_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FamilySettings.model_validate(fields)
