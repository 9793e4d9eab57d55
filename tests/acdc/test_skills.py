import numpy as np
import pytest

from acdc.errors import InputError, NotEnoughDataError
from acdc.skills import SkillMatrix, coverage


def matrix() -> SkillMatrix:
    return SkillMatrix.from_results(
        ["a", "b"],
        ["t1", "t2", "t3"],
        [("a", "t1", True), ("a", "t2", False), ("a", "t3", True), ("b", "t1", True), ("b", "t2", None)],
    )


def test_coverage_is_the_share_of_tasks_that_one_individual_solves():
    assert coverage(np.array([[1, 0, 0, 0], [0, 1, 0, 1]], dtype=bool)) == 0.75


def test_coverage_of_no_individual_is_zero_and_of_no_task_is_refused():
    assert coverage(np.zeros((0, 3), dtype=bool)) == 0.0
    with pytest.raises(NotEnoughDataError, match="at least one task"):
        coverage(np.zeros((2, 0), dtype=bool))


def test_coverage_refuses_cells_that_are_neither_pass_nor_fail():
    with pytest.raises(InputError, match="complete columns"):
        coverage(np.array([[1, -1]]))


def test_a_cell_without_a_result_is_missing_not_failed():
    assert matrix().cells.tolist() == [[1, 0, 1], [1, -1, -1]]
    assert matrix().missing_rate == pytest.approx(2 / 6)


def test_complete_keeps_the_columns_that_are_complete():
    complete = matrix().complete()
    assert complete.tasks == ("t1",)
    assert complete.skills.tolist() == [[True], [True]]


def test_fitness_is_judged_on_the_same_tasks_for_all():
    assert matrix().fitness.tolist() == [1.0, 1.0]


def test_skills_with_missing_cells_are_refused():
    with pytest.raises(NotEnoughDataError, match="missing"):
        _ = matrix().skills


def test_fitness_without_a_complete_column_is_refused():
    with pytest.raises(NotEnoughDataError, match="not defined"):
        _ = SkillMatrix(("a",), ("t",), np.array([[-1]], dtype=np.int8)).fitness


def test_pass_rates_count_present_results_only():
    assert matrix().pass_rates.tolist() == [1.0, 0.0, 1.0]


def test_rows_come_in_the_order_asked_for():
    assert matrix().rows(["b", "a"]).cells.tolist() == [[1, -1, -1], [1, 0, 1]]
    with pytest.raises(InputError, match="'c'"):
        matrix().rows(["c"])


@pytest.mark.parametrize(
    ("individuals", "tasks", "cells", "message"),
    [
        (("a",), ("t",), [[0, 1]], "expected 1 × 1"),
        (("a",), ("t",), [[7]], "1 .pass., 0 .fail. or -1"),
        (("a", "a"), ("t",), [[0], [1]], "individual stands there twice"),
        (("a",), ("t", "t"), [[0, 1]], "task stands there twice"),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(individuals, tasks, cells, message):
    with pytest.raises(InputError, match=message):
        SkillMatrix(individuals, tasks, np.array(cells))


def test_cells_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="read-only"):
        matrix().cells[0, 0] = 0
