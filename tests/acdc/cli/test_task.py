"""`acdc task run`: what a person sees who tries a task family of their own."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from acdc.cli import task
from acdc.errors import InputError

FAMILY = """
class TaskFamily:
    @staticmethod
    def get_tasks():
        return {"short": {"word": "abc"}, "long": {"word": "abcdef"}}

    @staticmethod
    def get_instructions(t):
        return "Reverse " + t["word"]

    @staticmethod
    def score(t, submission):
        BODY
"""
HONEST = 'return 1.0 if submission == t["word"][::-1] else 0.0'


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    task.register(made)
    return made


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "family.py"
    path.write_text(FAMILY.replace("BODY", HONEST))
    return path


def run(app: typer.Typer, *words: object) -> Result:
    return CliRunner().invoke(app, ["task", "run", *map(str, words)])


def rows(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    parsed: list[dict[str, object]] = json.loads(result.stdout)["tasks"]
    return parsed


def test_every_task_of_the_family_gets_a_verdict(app: typer.Typer, file: Path) -> None:
    short, long = rows(run(app, file, "--submission", "cba", "--json"))
    assert list(short) == ["task", "instructions", "verdict", "cause", "error", "score", "seconds"]
    seconds = short.pop("seconds")
    assert isinstance(seconds, float)
    assert short == {
        "task": "short",
        "instructions": "Reverse abc",
        "verdict": "pass",
        "cause": None,
        "error": None,
        "score": 1.0,
    }
    assert (long["verdict"], long["cause"], long["score"]) == ("fail", None, 0.0)


def test_one_task_may_be_chosen(app: typer.Typer, file: Path) -> None:
    (row,) = rows(run(app, file, "--submission", "cba", "--task", "long", "--json"))
    assert row["task"] == "long"


def test_a_submission_may_come_from_a_file_and_be_a_whole_reply(
    app: typer.Typer, file: Path, tmp_path: Path
) -> None:
    reply = tmp_path / "reply.txt"
    reply.write_text("I turn it around.\nAnswer: cba\n")
    row, _ = rows(run(app, file, "--submission-file", reply, "--extract", "--json"))
    assert row["verdict"] == "pass"
    row, _ = rows(run(app, file, "--submission-file", reply, "--json"))
    assert row["verdict"] == "fail"


@pytest.mark.parametrize(
    ("body", "error", "score"),
    [
        ("raise ValueError('no')", "exception", None),
        ("return '1'", None, None),
        ("return float('nan')", None, None),
        ("return 7", None, None),
        ("return None", None, None),
        ("print('hello'); return 1.0", None, 1.0),
        ("import os; os._exit(0)", "protocol", None),
        ("exit()", "exception", None),
    ],
)
def test_a_score_that_misbehaves_is_a_recorded_error_of_the_task(
    body: str, error: str | None, score: float | None, app: typer.Typer, file: Path
) -> None:
    file.write_text(FAMILY.replace("BODY", body))
    row, _ = rows(run(app, file, "--submission", "x", "--json"))
    assert (row["error"], row["score"]) == (error, score)
    assert (row["verdict"], row["cause"]) == (("pass", None) if score else ("error", "task"))


def test_an_error_is_the_submissions_where_score_works_on_the_reference(app: typer.Typer, file: Path) -> None:
    file.write_text(FAMILY.replace("BODY", "return float(submission)"))
    row, _ = rows(run(app, file, "--submission", "x", "--reference", "1.0", "--json"))
    assert (row["verdict"], row["cause"], row["error"]) == ("fail", "answer", "exception")
    row, _ = rows(run(app, file, "--submission", "x", "--reference", "y", "--json"))
    assert (row["verdict"], row["cause"], row["error"]) == ("error", "task", "exception")


def test_a_self_executing_task_is_refused_unless_allowed_and_then_the_verdict_says_so(
    app: typer.Typer, file: Path
) -> None:
    file.write_text(FAMILY.replace("BODY", "return float(eval(submission))"))
    (row,) = rows(run(app, file, "--submission", "2 - 1", "--json"))
    assert (row["verdict"], row["cause"], row["error"]) == ("error", "task", "refused")
    row, _ = rows(run(app, file, "--submission", "2 - 1", "--json", "--allow-self-executing"))
    assert (row["verdict"], row["self_executing"]) == ("pass", True)


def test_a_family_whose_tasks_cannot_be_had_is_a_recorded_error(app: typer.Typer, file: Path) -> None:
    file.write_text("1 / 0\n" + FAMILY.replace("BODY", HONEST))
    result = run(app, file, "--submission", "x", "--json")
    (row,) = rows(result)
    assert (row["task"], row["verdict"], row["cause"], row["error"]) == (None, "error", "task", "exception")
    assert "ZeroDivisionError" in result.stderr


def test_a_person_gets_a_table_with_the_layers_in_force(app: typer.Typer, file: Path) -> None:
    result = run(app, file, "--submission", "cba")
    assert result.exit_code == 0
    for word in ("short", "long", "pass", "fail", "seccomp"):
        assert word in result.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"class (", "not Python"),
        (b"x = 1", "no class TaskFamily"),
        (b"#" * (2 << 20), "too large"),
    ],
)
def test_what_is_no_task_family_file_is_bad_input(
    content: bytes | None, message: str, app: typer.Typer, file: Path
) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    result = run(app, file, "--submission", "x")
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert str(file) in str(result.exception)


def test_a_task_name_that_is_not_there_brings_the_nearest(app: typer.Typer, file: Path) -> None:
    result = run(app, file, "--submission", "x", "--task", "shirt")
    assert isinstance(result.exception, InputError)
    assert "'short'" in str(result.exception)


def test_one_submission_is_needed(app: typer.Typer, file: Path) -> None:
    for words in ((), ("--submission", "x", "--submission-file", str(file))):
        assert isinstance(run(app, file, *words).exception, InputError)


def test_a_score_that_asks_for_a_judgement_says_who_would_have_to_judge(app: typer.Typer, file: Path) -> None:
    asks = 'return {"instructions": "Do it.", "submission": submission, "criteria": "It is done."}'
    file.write_text(FAMILY.replace("BODY", asks))
    result = run(app, file, "--submission", "x", "--task", "short", "--json")
    [row] = rows(result)
    assert (row["verdict"], row["cause"]) == ("error", "task")
    assert "judges.answers" in result.stderr
