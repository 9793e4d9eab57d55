"""`acdc verify tiny` of shipped weights: every printed digit, and which question made it another one."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from acdc.errors import InputError, NotEnoughDataError, ToleranceError
from reproductions.cli.verify import register
from reproductions.verify.exact import ANSWERS, TABLE, shipped
from tests.reproductions.small_measurement import flip, make, measure


def verify(root: Path, *arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    files = [
        "--comparison",
        str(root / "comparison/tiny.json"),
        "--expected",
        str(root / "kept/expected.json"),
    ]
    return CliRunner().invoke(app, ["verify", "tiny", *files, *arguments])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("measured")
    make(root)
    assert verify(root, "--write").exit_code == 0
    return root


@pytest.fixture
def project(whole: Path, tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(whole, root)
    return root


def test_the_same_measurement_is_equal_in_every_number_and_answer(project: Path) -> None:
    result = verify(project)
    assert result.exit_code == 0, result.output
    # two run seeds of three models, once three draws: nine rows of eight questions
    assert "numbers and 72 answers are equal" in result.output
    assert "tiny: all " in result.output


def test_what_is_kept_is_the_same_whenever_it_is_written(project: Path) -> None:
    before = {name: (project / "kept" / name).read_bytes() for name in (TABLE, ANSWERS)}
    assert "Written" in verify(project, "--write").output
    assert before == {name: (project / "kept" / name).read_bytes() for name in (TABLE, ANSWERS)}


def test_a_digit_that_differs_is_named_with_the_questions_that_made_it(project: Path) -> None:
    flip(project, "tiny_colon", 1, 2)
    measure(project)
    result = verify(project)
    assert isinstance(result.exception, ToleranceError)
    line = next(
        line for line in result.output.splitlines() if line.startswith("Coverage") and "Control" in line
    )
    assert "of Control, N = 2: printed " in line
    assert "1 of 8 questions differ: tiny_colon/q2 (g, draw 1): right here, expected wrong" in line
    assert "1 of 72 answers differ" in str(result.exception)


def test_a_printed_digit_alone_is_found(project: Path) -> None:
    path = project / "kept" / TABLE
    table = json.loads(path.read_text())
    printed = table["rows"][0]["cells"]["Coverage, % [95%]"]
    table["rows"][0]["cells"]["Coverage, % [95%]"] = f"9{printed}"
    path.write_text(json.dumps(table))
    result = verify(project)
    assert isinstance(result.exception, ToleranceError)
    assert f"of Task force, N = 2: printed {printed}, expected 9{printed}\n" in result.output
    assert "questions differ" not in result.output
    assert "1 printed cell of" in str(result.exception)


def test_an_answer_that_moves_no_printed_digit_is_found(project: Path) -> None:
    flip(project, "tiny_capital", 2, 3)  # the comparison is not made again
    result = verify(project)
    assert isinstance(result.exception, ToleranceError)
    assert "Control: every printed digit is as expected, but 1 of 8 questions differ: " in result.output


def test_a_row_that_is_missing_is_named(project: Path) -> None:
    path = project / "kept" / TABLE
    table = json.loads(path.read_text())
    table["rows"].append({"n": 2, "id": "big", "name": "Big model", "cells": {"N": "1"}})
    path.write_text(json.dumps(table))
    result = verify(project)
    assert isinstance(result.exception, ToleranceError)
    assert "Big model, N = 2: no such row is printed" in result.output


def test_another_member_of_a_task_force_is_named(project: Path) -> None:
    path = project / "taskforces/tiny/acdc/seed-1.json"
    path.write_text(path.read_text().replace('{"coverage": ["a", "b"]}', '{"coverage": ["a", "c"]}'))
    measure(project)
    result = verify(project)
    assert isinstance(result.exception, ToleranceError)
    assert "Task force (acdc), run seed 1, N = 2: c here instead of b" in result.output


def test_json_says_it_all(project: Path) -> None:
    flip(project, "tiny_colon", 1, 2)
    measure(project)
    document = json.loads(verify(project, "--json").stdout)
    assert document["summary"]["different_answers"] == 1
    assert document["answers"][0]["question"] == "q2"
    assert {cell["name"] for cell in document["cells"]} >= {"Control"}


@pytest.mark.parametrize("name", [TABLE, ANSWERS])
def test_without_a_kept_file_the_next_step_is_told(project: Path, name: str) -> None:
    (project / "kept" / name).unlink()
    result = verify(project)
    assert isinstance(result.exception, NotEnoughDataError)
    assert "--write` makes" in str(result.exception)


def test_without_the_answers_behind_the_comparison_the_next_step_is_told(project: Path) -> None:
    shutil.rmtree(project / "results/tiny/baselines")
    result = verify(project)
    assert isinstance(result.exception, NotEnoughDataError)
    assert "run `acdc baselines` first" in str(result.exception)


def test_damaged_files_are_bad_input(project: Path) -> None:
    kept = project / "kept"
    table, answers = (kept / TABLE).read_bytes(), (kept / ANSWERS).read_bytes()
    two = gzip.decompress(answers)
    for name, content in (
        (TABLE, table[:-40]),
        (TABLE, table.replace(b'"rows"', b'"lines"')),
        (ANSWERS, answers[:-20]),
        (ANSWERS, gzip.compress(two + two.splitlines(keepends=True)[-1])),
        (TABLE, table.replace(b'"tiny"', b'"other"')),
    ):
        (kept / TABLE).write_bytes(table)
        (kept / ANSWERS).write_bytes(answers)
        (kept / name).write_bytes(content)
        assert isinstance(verify(project).exception, InputError), content[:80]


def test_models_trained_here_are_held_against_tolerances(tmp_path: Path) -> None:
    make(tmp_path, "scratch")
    assert "Written: " in verify(tmp_path, "--write").output
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["expected.json"]
    assert "lie within their tolerance" in verify(tmp_path).output


def test_a_family_file_says_whether_models_ship(tmp_path: Path) -> None:
    record = tmp_path / "family.json"
    assert not shipped(record)
    for text, there in (("{}", False), ('{"from": "scratch"}', False), ('{"from": "shipped"}', True)):
        record.write_text(text)
        assert shipped(record) is there
    for text in ("{", "[]"):
        record.write_text(text)
        with pytest.raises(InputError, match="not a family record"):
            shipped(record)
