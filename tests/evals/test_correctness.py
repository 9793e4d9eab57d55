"""Samples become a matrix, or an error that names the file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acdc.errors import InputError
from evals.correctness import aligned, from_samples, read, read_samples, stacked


def sample(model: str, question: str, correct: bool | None, **changes: Any) -> dict[str, Any]:
    return {
        "benchmark": "b",
        "model": model,
        "weights_hash": f"hash of {model}",
        "temperature": 0.0,
        "draw": 0,
        "question_id": question,
        "question_hash": f"hash of {question}",
        "correct": correct,
        "finish": "stop" if correct else "length",
        "tokens": 3,
        "prompt_tokens": 7,
        **changes,
    }


GRID = [
    sample("m1", "q1", True),
    sample("m1", "q2", False),
    sample("m2", "q2", True),
    sample("m2", "q1", None, finish=None),
]


def test_rows_are_answerers_and_columns_questions_whatever_the_order() -> None:
    matrix = from_samples(GRID, "file")
    assert [answerer.model for answerer in matrix.answerers] == ["m1", "m2"]
    assert matrix.questions == ("q1", "q2")
    np.testing.assert_array_equal(matrix.correct, [[True, False], [False, True]])
    np.testing.assert_array_equal(matrix.missing, [[False, False], [True, False]])
    np.testing.assert_array_equal(matrix.cut, [[False, True], [False, False]])


def test_a_missing_answer_is_neither_right_nor_wrong_after_a_round_trip(tmp_path: Path) -> None:
    matrix = from_samples(GRID, "file")
    path = tmp_path / "correctness.json"
    path.write_text(json.dumps(matrix.to_json()))
    assert json.loads(path.read_text())["correct"] == ["10", "m1"]
    again = read(path)
    for field in ("correct", "missing", "cut", "tokens", "prompt_tokens"):
        np.testing.assert_array_equal(getattr(again, field), getattr(matrix, field))
    assert (again.answerers, again.questions, again.hashes) == (
        matrix.answerers,
        matrix.questions,
        matrix.hashes,
    )


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (sample("m1", "q1", True), "m1 answers question 'q1' twice"),
        (sample("m1", "q1", True, question_hash="other"), "question 'q1' differs"),
        (sample("m3", "q1", True), "m3 has no answer to question 'q2'"),
        ({"model": "m1"}, "no sample of an evaluation"),
    ],
)
def test_duplicates_gaps_and_other_questions_name_the_file(
    tmp_path: Path, extra: dict[str, Any], message: str
) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [*GRID, extra]))
    with pytest.raises(InputError, match=message) as caught:
        read_samples(path)
    assert str(path) in str(caught.value)


def test_an_empty_file_is_no_matrix(tmp_path: Path) -> None:
    (tmp_path / "samples.jsonl").write_text("")
    with pytest.raises(InputError, match="holds no JSON lines"):
        read_samples(tmp_path / "samples.jsonl")


def test_stacking_aligns_columns_by_question() -> None:
    first = from_samples(GRID[:2], "one")
    second = from_samples([sample("m2", "q2", True), sample("m2", "q1", False)], "two")
    both = stacked([first, second])
    np.testing.assert_array_equal(both.correct, [[True, False], [False, True]])


def test_stacking_other_questions_names_both_files() -> None:
    second = from_samples([sample("m2", "q1", True), sample("m2", "q3", False)], "two")
    with pytest.raises(InputError, match=r"two and one hold different questions"):
        stacked([from_samples(GRID[:2], "one"), second])


def test_an_answerer_in_two_files_is_an_error_that_names_both() -> None:
    with pytest.raises(InputError, match="one and two: m1 is there twice"):
        stacked([from_samples(GRID[:2], "one"), from_samples(GRID[:2], "two")])


def test_draws_of_a_model_are_rows_in_order() -> None:
    drawn = [sample("m", "q", True, temperature=0.7, draw=draw) for draw in (2, 0, 1)]
    assert from_samples(drawn, "file").rows("m", 0.7) == [1, 2, 0]
    assert from_samples(drawn, "file").rows("m") == []


def test_a_damaged_matrix_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "correctness.json"
    document = from_samples(GRID, "file").to_json()
    for damage in ("{", json.dumps({**document, "correct": ["10"]}), json.dumps({**document, "schema": 9})):
        path.write_text(damage)
        with pytest.raises(InputError, match=r"correctness\.json"):
            read(path)


def test_alignment_keeps_what_is_in_order() -> None:
    matrix = from_samples(GRID, "file")
    assert aligned(matrix, matrix) is matrix
