"""Benchmarks beside the paper's: lm-eval's tasks by name, on local records."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InputError
from evals.answering.answer_cache import Reply
from evals.answering.group_benchmark_run import open_benchmark_run
from evals.benchmarks import registry
from evals.benchmarks.extra.arc import record
from tests.evals.benchmarks.test_local_data import SHARED, needs_records

ARC = {
    "id": "a1",
    "question": {
        "stem": "What boils?",
        "choices": [
            {"text": text, "label": label} for text, label in zip(["w", "x", "y", "z"], "ABCD", strict=True)
        ],
    },
    "answerKey": "B",
}


def benchmark_run(name: str, data: str, path: Path) -> Any:
    (found,) = registry.find("paper", [name], seed=0, questions=1, data={data: path})
    return open_benchmark_run(found, lambda user, system: user, "plain")


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def verdicts(ready: Any, *replies: str) -> list[bool]:
    return [ready.grade([Reply(reply, "stop", 1, 1)])[0]["correct"] for reply in replies]


def test_arcs_own_records_and_a_hubs_columns_are_the_same_questions(tmp_path: Path) -> None:
    ready = benchmark_run("arc_challenge_llama", "arc", write(tmp_path / "a.jsonl", ARC))
    columns = record(ARC)
    other = benchmark_run("arc_challenge_llama", "arc", write(tmp_path / "b.jsonl", columns))
    assert ready.questions == other.questions
    assert [question.id for question in ready.questions] == ["a1"]
    assert "What boils?\nA. w\nB. x\nC. y\nD. z\n" in ready.questions[0].prompt
    assert verdicts(ready, " B", "B.", "A", "", "x") == [True, True, False, False, False]


def test_a_question_of_arc_without_choices_is_refused() -> None:
    with pytest.raises(InputError, match="record a1: a question of ARC without stem or choices"):
        record({"id": "a1", "question": "What boils?", "answerKey": "A"})


@needs_records
def test_the_real_records_of_arc_become_questions() -> None:
    assert (
        len(benchmark_run("arc_challenge_llama", "arc", SHARED / "arc_challenge" / "dev.jsonl").questions)
        == 40
    )


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("aime24", {"Problem": "What is 1+1?", "Answer": 2}),
        ("aime25", {"problem": "What is 1+1?", "answer": "2"}),
    ],
)
def test_aime_is_judged_by_its_boxed_number(name: str, row: dict[str, Any], tmp_path: Path) -> None:
    ready = benchmark_run(name, name, write(tmp_path / "a.jsonl", row))
    assert "What is 1+1?" in ready.questions[0].prompt
    assert verdicts(ready, "So \\boxed{2}.", "\\boxed{3}", "") == [True, False, False]


def test_gpqa_diamond_keeps_its_text_to_itself(tmp_path: Path) -> None:
    row = {"Record ID": "r", "Question": "A secret?", "Correct Answer": "yes, secret"}
    row |= {f"Incorrect Answer {n}": f"secret {n}" for n in (1, 2, 3)}
    ready = benchmark_run("gpqa_diamond_cot_zeroshot", "gpqa_diamond", write(tmp_path / "g.jsonl", row))
    assert "secret" not in json.dumps(ready.grade([Reply("(A) secret", "stop", 1, 1)]))


def test_ifeval_runs_or_says_which_package_it_needs(tmp_path: Path) -> None:
    row = {
        "key": 1,
        "prompt": "Use no comma.",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{}],
    }
    path = write(tmp_path / "i.jsonl", row)
    if importlib.util.find_spec("langdetect") is None:
        with pytest.raises(InputError, match=r"needs a package that is not installed: .*langdetect"):
            benchmark_run("ifeval", "ifeval", path)
        return
    assert verdicts(benchmark_run("ifeval", "ifeval", path), "None here.", "One, here.") == [True, False]
