"""Given replies are scored as evaluations score them: tables of the ways in which models answer, on records written here."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InputError
from acdc.sandbox import SandboxSettings
from evals.answering.rescore import score
from evals.cli.score import _line as line_of
from evals.cli.score import register
from evals.cli.score import score as score_command

TABLES = Path(__file__).parents[1] / "data" / "replies"
MMLU_PRO = {
    "options": ["0 degrees", "50 degrees", "100 degrees", "150 degrees"],
    "answer": "C",
    "answer_index": 2,
    "cot_content": "A: Let's think step by step. It is known. The answer is (C).",
    "category": "computer science",
}
RECORDS: dict[str, list[dict[str, Any]]] = {
    "mmlu_cot_llama": [
        {
            "question": "At what does water boil?",
            "subject": "college_physics",
            "choices": MMLU_PRO["options"],
            "answer": 2,
        }
    ],
    "gpqa_main_cot_zeroshot": [
        {
            "Record ID": "rec0",
            "Question": "At what does water boil?",
            "Correct Answer": "100 degrees",
            "Incorrect Answer 1": "0 degrees",
            "Incorrect Answer 2": "50 degrees",
            "Incorrect Answer 3": "150 degrees",
        }
    ],
    "bbh_cot_zeroshot": [
        {"task": "boolean_expressions", "input": "not True or False is", "target": "False"},
        {
            "task": "date_understanding",
            "input": "Yesterday was April 30, 2021. What is the date today in MM/DD/YYYY?\n"
            "Options:\n(A) 04/29/2021\n(B) 05/01/2021",
            "target": "(B)",
        },
        {
            "task": "object_counting",
            "input": "I have four cats and three dogs. How many animals?",
            "target": "7",
        },
    ],
    "gsm8k_llama": [
        {
            "question": "Six groups of 7 pay 30 dollars each. How much is it?",
            "answer": "6*7*30=1260\n#### 1260",
        }
    ],
    "minerva_math": [
        {
            "problem": "What is $\\frac{1}{2}+\\frac{1}{4}$?",
            "level": "Level 1",
            "type": "Prealgebra",
            "solution": "We get $\\frac{2}{4}+\\frac14=\\boxed{\\frac{3}{4}}$.",
        },
        {
            "problem": "What is $30\\cdot 40$?",
            "level": "Level 1",
            "type": "Prealgebra",
            "solution": "It is $\\boxed{1200}$.",
        },
        {
            "problem": "Where is $\\frac{\\sqrt{x-2}}{\\sqrt{5-x}}$ defined?",
            "level": "Level 3",
            "type": "Algebra",
            "solution": "For $2\\le x<5$, that is $\\boxed{[2,5)}$.",
        },
    ],
    "mmlu_pro_llama": [{"question_id": 70, "question": "At what does water boil?", **MMLU_PRO}],
    "humaneval_instruct": [
        {
            "task_id": "HumanEval/x",
            "prompt": "def twice(n):\n    return 2 * n\n\n\ndef add_up(numbers):\n"
            '    """Adds numbers up."""\n',
            "entry_point": "add_up",
            "canonical_solution": "    return sum(numbers)\n",
            "test": "def check(candidate):\n    assert candidate([1, 2]) == 3\n    assert candidate([]) == 0\n"
            "    assert candidate((5,)) == add_up([5])\n    assert candidate([4]) != twice(4)\n",
        }
    ],
    "mbpp_instruct": [
        {
            "task_id": 11,
            "text": "Write a function to pair up.",
            "code": "",
            "test_list": [f"assert pair_up({n}, {n + 1}) == ({n}, {n + 1})" for n in (1, 3, 5)],
        }
    ],
}


def records(folder: Path, benchmark: str) -> Path:
    path = folder / "test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in RECORDS[benchmark]), "utf-8")
    shots = [{"question_id": n, "question": f"Question {n}?", **MMLU_PRO} for n in range(5)]
    (folder / "validation.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shots), "utf-8")
    return path


def replies(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "replies.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def table(benchmark: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TABLES / f"{benchmark}.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("benchmark", sorted(RECORDS))
def test_the_ways_in_which_models_answer_get_their_verdicts(benchmark: str, tmp_path: Path) -> None:
    rows = table(benchmark)
    assert len(rows) >= 12
    given = replies(tmp_path, [{"position": row.get("position", 0), "reply": row["reply"]} for row in rows])
    found = score(benchmark, records(tmp_path, benchmark), given, SandboxSettings())
    verdicts = {row["way"]: verdict["correct"] for row, verdict in zip(rows, found, strict=True)}
    assert verdicts == {row["way"]: row["correct"] for row in rows}


def test_the_command_says_verdict_and_extracted_answer_and_writes_them(tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    given = replies(tmp_path, [{"id": "0", "reply": "It is 1260"}, {"position": 0, "reply": "It is 7"}])
    out = tmp_path / "out.json"
    result = CliRunner().invoke(
        app,
        [
            "score",
            "gsm8k_llama",
            "--records",
            str(records(tmp_path, "gsm8k_llama")),
            "--replies",
            str(given),
            "--json",
            str(out),
            "--params",
            str(tmp_path / "none.yaml"),
        ],
    )
    assert result.exit_code == 0, repr(result.exception)
    assert result.stdout.splitlines() == ['0  right  "1260"', '0  wrong  "7"', "1 of 2 replies are right"]
    assert [row["correct"] for row in json.loads(out.read_text("utf-8"))["verdicts"]] == [True, False]


def test_half_a_surrogate_pair_is_shown_as_what_it_is_not() -> None:
    row = {"id": "a", "correct": False, "error": None, "extracted": "\ud800 \0 \x1b[31m"}
    assert line_of(row).encode() == 'a  wrong  "\ufffd \\u0000 \\u001b[31m"'.encode()


def test_a_reply_of_ten_megabytes_is_judged(tmp_path: Path) -> None:
    given = replies(tmp_path, [{"position": 0, "reply": "x" * 10_000_000}])
    (found,) = score("humaneval_instruct", records(tmp_path, "humaneval_instruct"), given, SandboxSettings())
    assert found["correct"] is False


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"position": 1, "reply": "x"}, "there are records 0 to 0"),
        ({"id": "7", "reply": "x"}, "no record with id '7'"),
        ({"reply": "x"}, "by `id` or by `position`"),
        ({"position": 0, "reply": None}, "the text `reply` is missing"),
    ],
)
def test_replies_that_belong_to_nothing_are_refused(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        score("gsm8k_llama", records(tmp_path, "gsm8k_llama"), replies(tmp_path, [row]), SandboxSettings())


def test_a_folder_in_the_place_of_the_verdicts_file_is_refused_before_anything_is_scored(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="this is a folder; name a file"):
        score_command("gsm8k_llama", tmp_path / "x", tmp_path / "y", tmp_path)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_records_that_are_not_there_are_said_to_be(suffix: str, tmp_path: Path) -> None:
    given = replies(tmp_path, [{"position": 0, "reply": "x"}])
    nowhere = tmp_path / f"nowhere{suffix}"
    with pytest.raises(InputError) as error:
        score("gsm8k_llama", nowhere, given, SandboxSettings())
    assert str(error.value) == f"{nowhere}: file not found"


def test_a_folder_in_the_place_of_records_or_replies_is_called_one(tmp_path: Path) -> None:
    said = f"{tmp_path} is a folder; name the file in it"
    given = replies(tmp_path, [{"position": 0, "reply": "x"}])
    for places in ((tmp_path, given), (records(tmp_path, "gsm8k_llama"), tmp_path)):
        with pytest.raises(InputError) as error:
            score("gsm8k_llama", *places, SandboxSettings())
        assert str(error.value) == said


def test_replies_without_a_line_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"replies\.jsonl holds no JSON lines"):
        score("gsm8k_llama", records(tmp_path, "gsm8k_llama"), replies(tmp_path, []), SandboxSettings())


def test_an_unknown_benchmark_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'gsm8k_llama'"):
        score("gsm8k_lama", tmp_path / "x", tmp_path / "y", SandboxSettings())
