"""What `acdc families check` finds in local directories."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from acdc.errors import InputError
from acdc.preflight.family.tokenizers import read_tokens
from tests.acdc.preflight.family.families import check, found

SaveModel = Callable[..., Path]


def edit(path: Path, **changes: object) -> None:
    """Change fields of a JSON file."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**fields, **changes}), encoding="utf-8")


def add_token(directory: Path, content: str) -> None:
    """Add a token to tokenizer.json, under the next id."""
    path = directory / "tokenizer.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    last = fields["added_tokens"][-1]
    id = len(fields["model"]["vocab"]) + sum(
        old["content"] not in fields["model"]["vocab"] for old in fields["added_tokens"]
    )
    fields["added_tokens"].append({**last, "content": content, "id": id})
    path.write_text(json.dumps(fields), encoding="utf-8")


def test_a_sound_family_has_no_errors_and_its_figures_are_of_the_files(home: Path) -> None:
    report = check(home, dtype="float32")
    assert report.fault() is None
    assert (report.count("error"), report.count("warning"), report.count("access")) == (0, 0, 0)
    parameters = sum(tensor.numel() for tensor in load_file(home / "general" / "model.safetensors").values())
    assert report.parts[1].parameters == parameters
    assert report.needs is not None
    assert report.needs.weights == 4 * parameters
    # 2 layers, 4 heads of 8 (32 wide), keys and values, 4 bytes, for 2048 tokens of prompt and 512 of answer
    assert report.needs.cache == 2 * 2 * 32 * 4 * (2048 + 512)
    model = (home / "general" / "model.safetensors").stat().st_size
    assert report.needs.kept == pytest.approx(16 * model)  # the archive of one run
    assert json.loads(json.dumps(report.to_json()))["errors"] == 0
    assert "family mine" in report.lines()[0]


def test_every_missing_directory_is_named_not_only_the_first(home: Path) -> None:
    for name in ("code", "math"):
        shutil.rmtree(home / name)
    report = check(home)
    assert [finding.part for finding in found(report, "there")] == ["code", "math"]
    assert isinstance(report.fault(), InputError)


def test_another_architecture_is_an_error(home: Path, save_tiny_model: SaveModel) -> None:
    shutil.rmtree(home / "code")
    save_tiny_model(home / "code", 5, "gpt_neox")
    (error,) = found(check(home), "architecture", "code")
    assert error.level == "error"
    assert "'gpt_neox' model, the base is a 'llama'" in error.says


def test_another_shape_is_an_error_with_the_tensor(home: Path, save_tiny_model: SaveModel) -> None:
    save_tiny_model(home / "math", 5, intermediate_size=96)
    (error,) = found(check(home), "shapes", "math")
    assert error.level == "error"
    assert "down_proj.weight" in error.says


def test_more_rows_than_the_general_seed_are_said_and_no_error(
    home: Path, save_tiny_model: SaveModel
) -> None:
    save_tiny_model(home / "math", 5, vocab_size=280)
    report = check(home)
    (note,) = found(report, "vocabulary", "math")
    assert "280 rows, the general seed 261; rows beyond are left out" in note.says
    assert report.count("error") == 0


def test_fewer_rows_are_filled_from_the_general_seed(home: Path, save_tiny_model: SaveModel) -> None:
    save_tiny_model(home / "general", 1, vocab_size=264)
    report = check(home)
    notes = {note.part: note.says for note in found(report, "vocabulary")}
    assert set(notes) == {"base", "code", "math"}
    assert "rows 261 to 263 are the general seed's" in notes["base"]
    assert report.count("error") == 0


def test_a_seed_with_settings_of_its_own_is_a_warning(home: Path) -> None:
    edit(home / "code" / "config.json", rms_norm_eps=1e-5)
    (warning,) = found(check(home), "configuration", "code")
    assert warning.level == "warning"
    assert "rms_norm_eps 1e-05 (general: 1e-06)" in warning.says


def test_an_added_token_is_said_on_both_sides(home: Path) -> None:
    add_token(home / "code", "<fim>")
    assert found(check(home), "tokens", "code")[0].says.startswith("only it knows '<fim>'")
    edit(home / "general" / "config.json", vocab_size=263)
    add_token(home / "general", "<fim>")
    add_token(home / "general", "<tool>")
    (note,) = found(check(home), "tokens", "code")
    assert note.says.startswith("only the general seed knows '<tool>'")


def test_a_token_without_a_row_is_an_error(home: Path) -> None:
    add_token(home / "general", "<tool>")
    (error,) = found(check(home), "tokens", "general")
    assert error.level == "error"
    assert "'<tool>' is 261, rows end at 261" in error.says


def test_an_added_token_under_the_id_of_another_is_a_warning(home: Path) -> None:
    add_token(home / "code", "<fim>")
    add_token(home / "general", "<tool>")
    (warning,) = found(check(home), "tokens", "code")
    assert warning.level == "warning"
    assert "261: '<fim>', there '<tool>'" in warning.says


def test_rows_of_another_tokenizer_are_an_error(home: Path) -> None:
    path = home / "math" / "tokenizer.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = fields["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    path.write_text(json.dumps(fields), encoding="utf-8")
    (error,) = found(check(home), "tokens", "math")
    assert error.level == "error"
    assert error.says.startswith("2 rows stand for other tokens")


def test_a_vocabulary_of_two_files_is_read_as_one(home: Path) -> None:
    whole = read_tokens(home / "code")
    assert whole is not None
    trained = {token: id for token, id in whole.ids.items() if token not in whole.added}
    (home / "code" / "tokenizer.json").unlink()
    (home / "code" / "vocab.json").write_text(json.dumps(trained), encoding="utf-8")
    added = {token: whole.ids[token] for token in whole.added}
    (home / "code" / "added_tokens.json").write_text(json.dumps(added), encoding="utf-8")
    assert read_tokens(home / "code") == whole


def test_a_spoilt_tokenizer_is_bad_input(home: Path) -> None:
    (home / "general" / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"general/tokenizer\.json"):
        check(home)


def test_no_chat_template_and_arguments_that_it_never_reads(home: Path) -> None:
    (warning,) = found(check(home, chat_template_args={"enable_thinking": False}), "chat template")
    assert warning.level == "warning"
    assert "'enable_thinking', which the template never reads" in warning.says
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        (home / "general" / name).unlink(missing_ok=True)
    (error,) = found(check(home), "chat template")
    assert error.level == "error"


def test_a_stop_token_must_be_a_token_and_one_must_be_there(home: Path) -> None:
    assert found(check(home, stop_tokens=["<usr>"]), "stop tokens")[0].says == "<eos>, <usr>"
    (error,) = found(check(home, stop_tokens=["<|im_end|>"]), "stop tokens")
    assert (error.level, "'<|im_end|>' is no token" in error.says) == ("error", True)
    for name in ("config.json", "generation_config.json"):
        edit(home / "general" / name, eos_token_id=None)
    (error,) = found(check(home), "stop tokens")
    assert "answers would always use up their budget" in error.says


def test_licences_come_from_the_cards_and_contradictions_are_said(home: Path) -> None:
    report = check(home, licence="mit", licences={"code": "apache-2.0"})
    (warning,) = found(report, "licence", "code")
    assert (warning.level, warning.says.split(":")[0]) == (
        "warning",
        "params.yaml says apache-2.0, its card mit",
    )
    assert found(report, "licence", "math")[0].says == "mit (its card)"
    (home / "math" / "README.md").unlink()
    assert found(check(home), "licence", "math")[0].level == "warning"


def test_weights_of_another_type_are_said(home: Path) -> None:
    path = home / "code" / "model.safetensors"
    weights = {name: tensor.half() for name, tensor in load_file(path).items()}
    save_file(weights, path, {"format": "pt"})
    (note,) = found(check(home), "dtype", "code")
    assert "stored in F16" in note.says
