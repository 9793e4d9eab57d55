"""A place to write to that can be none is refused by every command before it begins."""

from pathlib import Path

import pytest

from acdc.cli import app as cli

PARAMS = f"--params={Path(__file__).parents[3] / 'params.yaml'}"
FILES = [
    ["transcript", "runs/x", "--to"],
    ["task", "export", "runs/x", "--to"],
    ["score", "mmlu", "--records=x", "--replies=x", PARAMS, "--json"],
    ["build-filter", "mmlu_judge", "--records=x", PARAMS, "--out"],
    ["audit-paper", "--json"],
    ["study", PARAMS, "--expected"],
]
FOLDERS = [
    ["rebuild", "i000001", PARAMS, "--to"],
    ["families", "convert", "model", "--to"],
    ["export", "i000001", PARAMS, "--to"],
    ["results", "export", "--format=lm_eval", PARAMS, "--to"],
    ["smoke", PARAMS, "--root"],
    ["study", PARAMS, "--root"],
    ["study", PARAMS, "--out"],
    ["reproduce", "qwen2", PARAMS, "--root"],
    ["audit-paper", "--tables"],
]


def refused(words: list[str], capsys: pytest.CaptureFixture[str], reason: str) -> None:
    assert cli.run(words) == 2
    said = capsys.readouterr().err
    assert f"{words[-2]} {words[-1]}: {reason}" in said


@pytest.mark.parametrize("words", [*FILES, *FOLDERS], ids=" ".join)
def test_a_place_below_a_file_or_of_the_other_kind_is_refused_before_anything_is_written(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    refused([*words, "file/below/it"], capsys, "Not a directory; name another place")
    refused([*words, "x" * 300], capsys, "File name too long; name another place")
    if words in FILES:
        refused([*words, "folder"], capsys, "this is a folder; name a file")
    else:
        refused([*words, "file"], capsys, "this is a file; name a folder")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
