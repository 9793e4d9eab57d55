"""The chance that a question is solved, against brute force over all ways to pick answers."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.errors import InputError, NotEnoughDataError
from evals.correctness import Answerer, Correctness
from evals.coverage import expected_coverage, mixed_coverage
from evals.rivals.methods import Pick, evenly, solve_chances


def matrix(rows: Sequence[tuple[str, float, str]], missing: Sequence[tuple[int, int]] = ()) -> Correctness:
    """A matrix of rows (model, temperature, "0110")."""
    counts: dict[tuple[str, float], int] = {}
    answerers = []
    for model, temperature, _ in rows:
        draw = counts.setdefault((model, temperature), 0)
        counts[model, temperature] += 1
        answerers.append(Answerer(model, model, temperature, draw))
    correct = np.array([[cell == "1" for cell in cells] for *_, cells in rows])
    gone = np.zeros_like(correct)
    for cell in missing:
        gone[cell] = True
    questions = tuple(f"q{column}" for column in range(correct.shape[1]))
    zeros = np.zeros(correct.shape, dtype=np.int64)
    return Correctness(
        "b", tuple(answerers), questions, questions, correct & ~gone, gone, gone, zeros, zeros, "file"
    )


def brute_force(picks: Sequence[Pick], answers: Correctness) -> list[float]:
    ways = [
        itertools.combinations(
            [row for model in pick.models for row in answers.rows(model, pick.temperature)], pick.k
        )
        for pick in picks
    ]
    solved = [
        answers.correct[[row for choice in choices for row in choice]].any(axis=0)
        for choices in itertools.product(*ways)
    ]
    return [float(chance) for chance in np.mean(solved, axis=0)]


@given(
    st.lists(st.text("01", min_size=3, max_size=3), min_size=7, max_size=7),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_chances_are_those_of_all_ways_to_pick(cells: list[str], k: int, other: int) -> None:
    rows = [("a", 0.7, cell) for cell in cells[:4]] + [("b", 0.7, cell) for cell in cells[4:]]
    picks = [Pick(models=("a",), temperature=0.7, k=k), Pick(models=("b",), temperature=0.7, k=other)]
    answers = matrix(rows)
    np.testing.assert_allclose(solve_chances(picks, answers), brute_force(picks, answers), atol=1e-12)


def test_the_mean_of_chances_is_mixed_coverage() -> None:
    answers = matrix(
        [("a", 0.7, "0101"), ("a", 0.7, "0001"), ("a", 0.7, "1001"), ("b", 0.7, "1000"), ("b", 0.7, "0000")]
    )
    picks = [Pick(models=("a",), temperature=0.7, k=2), Pick(models=("b",), temperature=0.7, k=1)]
    counts = [(3, answers.correct[:3].sum(axis=0)), (2, answers.correct[3:].sum(axis=0))]
    assert solve_chances(picks, answers).mean() == pytest.approx(mixed_coverage(counts, [2, 1]))


def test_a_pool_of_copies_is_the_expected_coverage_of_a_random_choice() -> None:
    answers = matrix([("a", 0.0, "0101"), ("b", 0.0, "0001"), ("c", 0.0, "1001")])
    picks = [Pick(models=("a", "b", "c"), k=2)]
    assert solve_chances(picks, answers).mean() == pytest.approx(expected_coverage(answers.correct, 2))


def test_greedy_models_together_are_their_union() -> None:
    answers = matrix([("a", 0.0, "0100"), ("b", 0.0, "0001")])
    np.testing.assert_array_equal(
        solve_chances([Pick(models=("a",)), Pick(models=("b",))], answers), [0, 1, 0, 1]
    )


def test_a_missing_answer_leaves_the_chance_unknown() -> None:
    answers = matrix([("a", 0.0, "01"), ("b", 0.0, "00")], missing=[(1, 0)])
    chances = solve_chances([Pick(models=("a",)), Pick(models=("b",))], answers)
    assert np.isnan(chances[0])
    assert chances[1] == 1


def test_eight_answers_of_three_are_three_three_two() -> None:
    assert [pick.k for pick in evenly(8, ("a", "b", "c"), 0.7)] == [3, 3, 2]
    assert [pick.k for pick in evenly(8, ("a", "b", "c", "d"), 0.7)] == [2, 2, 2, 2]
    assert [pick.models for pick in evenly(2, ("a", "b", "c"), 0.7)] == [("a",), ("b",)]


def test_a_model_that_was_not_evaluated_is_named() -> None:
    with pytest.raises(InputError, match="no answers of z at temperature 0"):
        solve_chances([Pick(models=("z",))], matrix([("a", 0.0, "1")]))


def test_more_answers_than_there_are_is_too_little_data() -> None:
    with pytest.raises(NotEnoughDataError, match="2 answers of a are asked for, and there are 1"):
        solve_chances([Pick(models=("a",), k=2)], matrix([("a", 0.0, "1")]))
