"""What tasks have in common with benchmark questions, on texts whose overlap can be counted."""

import numpy as np
import pytest

from acdc.tasks.novelty import HashingEmbedder
from evals.audit.leakage import GRAM, bare, leaks

HEAD = "Answer the following question and think step by step before you do. "
TAIL = " Give the number only."
BODIES = {
    "trains": "a train leaves the old station at nine and travels for three hours at eighty miles an hour how far is it then",
    "apples": "anna has twelve apples and gives four of them to each of her two brothers how many has she left at home now",
    "short": "what is seven times six",
    "tiny": "why",
}
QUESTIONS = {id: HEAD + body + TAIL for id, body in BODIES.items()}


def found(*tasks: str, questions: dict[str, str] = QUESTIONS) -> "leaks":  # type: ignore[valid-type]
    return leaks(tasks, questions, HashingEmbedder())


def test_a_copied_sentence_is_an_overlap_and_names_its_question() -> None:
    result = found(f"Write a story. {BODIES['trains'].upper()}!", "a task about nothing of the kind")
    assert result.nearest[0].question == "trains"
    assert result.nearest[0].overlapping == ("trains",)
    assert result.nearest[1].overlapping == ()
    assert result.overlaps.tolist() == [True, False, False, False]


def test_twelve_words_in_a_row_are_none() -> None:
    words = BODIES["trains"].split()
    assert found(" ".join(words[: GRAM - 1])).overlaps.sum() == 0
    assert found(" ".join(words[:GRAM])).overlaps.sum() == 1


def test_a_short_question_is_one_gram_and_a_shorter_one_is_counted_as_such() -> None:
    result = found("Quiz: what is seven times six? And why?")
    assert result.nearest[0].overlapping == ("short",)
    assert result.too_short == 1


def test_what_all_questions_begin_and_end_with_is_no_question() -> None:
    assert found(HEAD * 2 + TAIL).overlaps.sum() == 0
    assert bare([("a", "b", "x", "c"), ("a", "b", "y", "z", "c")]) == [("x",), ("y", "z")]
    assert bare([("a", "b"), ("a", "b")]) == [(), ()]
    assert bare([("a",)]) == [("a",)]


def test_a_sentence_of_many_questions_is_their_form() -> None:
    common = "please read the text below with care and then choose the one word that fits it best"
    questions = {f"q{i}": f"{i} {common} {i} number {i} is {i * 7} and {i * 11}" for i in range(500)}
    assert found(common, questions=questions).overlaps.sum() == 0


def test_the_nearest_question_is_that_of_the_largest_cosine_whatever_the_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks = ("anna has twelve apples and two brothers", "a train travels three hours")
    whole = found(*tasks)
    monkeypatch.setattr("evals.audit.leakage._CHUNK", 1)
    parts = found(*tasks)
    assert [one.question for one in whole.nearest] == ["apples", "trains"]
    assert whole.nearest == parts.nearest
    assert np.array_equal(whole.cosines, parts.cosines)
    assert whole.cosines.max() == max(one.cosine for one in whole.nearest)
