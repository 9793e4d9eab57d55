"""Files of tasks: what is read, what is refused and how, and how their rules judge."""

import json
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InputError
from acdc.sandbox import Job, Sandbox
from acdc.tasks import task_file
from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.reflection import Checker
from acdc.tasks.settings import TaskSettings
from acdc.tasks.static import from_file

FAMILY = """
class TaskFamily:
    @staticmethod
    def get_tasks(): return {"a": {"word": "cat"}}
    @staticmethod
    def get_instructions(t): return f"Reverse {t['word']}."
    @staticmethod
    def score(t, submission): return float(submission == t["word"][::-1])
"""
NUMBER = {"id": "n", "group": "maths", "score": "number", "instructions": "3 times 4?", "reference": "12"}
EXACT = {
    "id": "e",
    "group": "words",
    "score": "exact",
    "instructions": "Capital of France?",
    "reference": "Paris",
}
CHOICE = {"id": "c", "group": "law", "score": "choice", "instructions": "A or B?", "reference": "B"}
SOURCE = {"id": "s", "group": "words", "source": FAMILY, "reference": "Answer: tac"}


def written(tmp_path: Path, *records: Any) -> Path:
    path = tmp_path / "tasks.jsonl"
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in records]
    path.write_bytes(b"\n".join(lines))
    return path


def scored(box: Sandbox, record: dict[str, Any], *submissions: str) -> list[float | None]:
    draft = task_file.Record.model_validate(record).draft
    name = next(iter(box.describe(draft.source).tasks))
    return [outcome.score for outcome in box.score([Job(draft.source, name, text) for text in submissions])]


def test_records_come_in_the_order_of_the_file_blank_lines_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, NUMBER, b"", EXACT, CHOICE, SOURCE, b"  ")
    assert [record.id for record in task_file.read(path)] == ["n", "e", "c", "s"]


def test_a_byte_order_mark_and_any_unicode_are_read(tmp_path: Path) -> None:
    record = {**EXACT, "instructions": 'Wie heißt "日本"?\n', "reference": "Nippon 🗾"}
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(record, ensure_ascii=False).encode() + b"\r\n")
    assert task_file.read(path)[0].reference == "Nippon 🗾"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "empty"),
        ([b"", b"  "], "empty"),
        ([NUMBER, b"{not json"], "line 2: no JSON"),
        ([NUMBER, b"[" * 100_000], "line 2: no JSON"),
        ([NUMBER, b'{"id": "\xff"}'], "line 2: not UTF-8"),
        ([b"[1]"], "line 1: expected a JSON object"),
        ([NUMBER, b"", NUMBER], "line 3: id 'n' stands in line 1 already"),
        ([{k: v for k, v in NUMBER.items() if k != "id"}], "line 1: id: required"),
        ([{k: v for k, v in NUMBER.items() if k != "group"}], "line 1: group: required"),
        ([{k: v for k, v in NUMBER.items() if k != "reference"}], "line 1: reference: required"),
        ([{k: v for k, v in NUMBER.items() if k != "score"}], "line 1: .*needs score"),
        ([{**NUMBER, "instructions": " "}], "line 1: .*needs instructions"),
        ([{**NUMBER, "reference": "twelve"}], "line 1: score number needs a number as reference"),
        ([{**CHOICE, "reference": "b"}], "line 1: .*one capital letter"),
        ([{**NUMBER, "score": "judge"}], "line 1: score: .*'exact', 'number' or 'choice'"),
        ([{**NUMBER, "grop": "x"}], "line 1: grop: unknown key; did you mean 'group'"),
        ([{**NUMBER, "reference": 12}], "line 1: reference: .*string"),
        ([{**SOURCE, "score": "exact"}], "line 1: .*do not give them again"),
        ([{**NUMBER, "is_code": True}], "line 1: .*only with source"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, lines: list[Any], said: str) -> None:
    with pytest.raises(InputError, match=rf"tasks\.jsonl: {said}"):
        task_file.read(written(tmp_path, *lines))


def test_many_faults_are_shown_together_but_not_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 1.*\n.*line 2") as caught:
        task_file.read(written(tmp_path, *[b"x"] * 30))
    assert "and 20 more" in str(caught.value)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    for look in (task_file.read, task_file.content_hash):
        with pytest.raises(InputError, match="acdc task export"):
            look(tmp_path / "none.jsonl")


@pytest.fixture(scope="module")
def box() -> Any:
    from acdc.sandbox import SandboxSettings

    with Sandbox.open(SandboxSettings()) as one:
        yield one


def test_the_rule_number(box: Sandbox) -> None:
    assert scored(box, NUMBER, "12", "3·4 = 12.0 dollars", "$1,2", "-12", "none", "12 or 13") == [
        1.0, 1.0, 1.0, 0.0, 0.0, 0.0,
    ]  # fmt: skip
    thousands = {**NUMBER, "reference": "1,234.5"}
    assert scored(box, thousands, "1234.5", "1,234.50", "1234.51", "−1234.5") == [1.0, 1.0, 0.0, 0.0]


def test_the_rule_exact_minds_case_but_no_space(box: Sandbox) -> None:
    assert scored(box, EXACT, "Paris", "  Paris\n", "paris", "Paris, France") == [1.0, 1.0, 0.0, 0.0]


def test_the_rule_choice(box: Sandbox) -> None:
    given = ["B", "(B)", "B. because", "B) it is", "A", "Because B", "", "b"]
    assert scored(box, CHOICE, *given) == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]


def test_quotes_and_dollars_in_a_record_stay_text(box: Sandbox) -> None:
    odd = {
        **EXACT,
        "reference": 'a"""b$records\\',
        "description": 'says """hello""" for $5\\',
        "instructions": "'''$x",
    }
    assert scored(box, odd, 'a"""b$records\\', "a") == [1.0, 0.0]


def test_a_pool_of_a_file_has_its_groups_as_niches(box: Sandbox, tmp_path: Path) -> None:
    path = written(tmp_path, NUMBER, EXACT, CHOICE, SOURCE)
    settings = TaskSettings(cap=3, source=path)
    pool, events = from_file(path, GrammarScientist(), Checker(box, settings), 0)
    assert [(task.id, task.name, task.niche) for task in pool.tasks.values()] == [
        ("t0000", "n", "maths"),
        ("t0001", "e", "words"),
        ("t0002", "c", "law"),
        ("t0003", "s", "words"),
    ]
    assert len(pool.active) == 3
    assert [event.kind for event in events] == ["accepted"] * 4 + ["entered"] * 3
    assert not settings.evolves
    assert pool.tasks["t0003"].examples[0].instructions == "Reverse cat."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference": "Answer: cat"}, "self-solve"),
        ({"source": "class TaskFamily: pass"}, "runs-not"),
        ({"source": "import socket"}, "runs-not"),
    ],
)
def test_a_task_that_fails_its_checks_is_named(
    box: Sandbox, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    path = written(tmp_path, NUMBER, {**SOURCE, **change})
    with pytest.raises(InputError, match=rf"task 's' fails its checks \({said}"):
        from_file(path, GrammarScientist(), Checker(box, TaskSettings(source=path)), 0)
