import json
from pathlib import Path

import pytest

from acdc.cli.app import run
from acdc.storage.layout import Layout


def test_summary_fits_eighty_columns_and_says_who_is_ahead(
    project: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["summary"]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "ahead" in printed
    assert "…" not in printed


def test_summary_as_json_has_every_row_with_its_numbers(
    project: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    assert run(["summary", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)["tiny"]
    assert len(result["abstract"]) == 2
    assert {"coverage", "low", "high", "difference", "p_holm", "verdict"} <= result["verdicts"][1].keys()


@pytest.mark.parametrize("command", ["summary", "report"])
def test_without_a_comparison_the_next_command_is_named_and_nothing_is_written(
    command: str,
    tmp_path: Path,
    project: Layout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "params.yaml").write_bytes((project.root / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert run([command]) == 2
    assert "acdc seeds tiny" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_where_only_some_parts_are_there_the_first_missing_one_is_named(
    project: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("models", "runs", "taskforces", "params.yaml"):
        (tmp_path / name).symlink_to(project.root / name)
    monkeypatch.chdir(tmp_path)
    assert run(["summary"]) == 2
    message = capsys.readouterr().err
    assert "15 of 15 runs, 15 of 15 task forces, 0 of 5 variants evaluated" in message
    assert "acdc evaluate tiny acdc" in message


def test_a_comparison_of_another_version_is_refused(
    tmp_path: Path, project: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_bytes((project.root / "params.yaml").read_bytes())
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "tiny.json").write_text('{"family": "tiny"}')
    monkeypatch.chdir(tmp_path)
    assert run(["summary"]) == 2
    assert "run `acdc compare`" in capsys.readouterr().err


def test_an_unknown_family_is_refused_with_the_nearest_name(
    project: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    assert run(["report", "--family", "tinny"]) == 2
    assert "tiny" in capsys.readouterr().err


def test_a_dry_run_names_what_it_would_read_and_write(
    tmp_path: Path, project: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_bytes((project.root / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert run(["report", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "comparison/tiny.json (not there yet)" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
