import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import hypergeom

from acdc.errors import InputError, NotEnoughDataError
from evals.coverage import contributions, coverage_at_n, expected_coverage, mixed_coverage, pass_at_k

CORRECT = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]], dtype=bool)
matrices = arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 8)))


def test_coverage_counts_questions_that_one_model_answers():
    assert coverage_at_n(CORRECT) == 0.75


def test_expected_coverage_computed_by_hand():
    # One of three at random: mean accuracy (2 + 2 + 1) / 12. Two: pairs cover 3, 2 and 2 of 4.
    assert expected_coverage(CORRECT, 1) == pytest.approx(5 / 12)
    assert expected_coverage(CORRECT, 2) == pytest.approx(7 / 12)


@settings(max_examples=60, deadline=None)
@given(matrices, st.data())
def test_expected_coverage_is_the_mean_over_all_subsets(correct, data):
    n = data.draw(st.integers(1, len(correct)))
    subsets = [coverage_at_n(correct[list(team)]) for team in itertools.combinations(range(len(correct)), n)]
    assert expected_coverage(correct, n) == pytest.approx(np.mean(subsets))


@settings(max_examples=60, deadline=None)
@given(matrices)
def test_expected_coverage_of_all_is_coverage_and_never_falls_with_n(correct):
    curve = [expected_coverage(correct, n) for n in range(1, len(correct) + 1)]
    assert curve[-1] == coverage_at_n(correct)
    assert all(later >= earlier - 1e-12 for earlier, later in itertools.pairwise(curve))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.data())
def test_pass_at_k_agrees_with_scipy(n, data):
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert pass_at_k(n, c, k) == pytest.approx(1 - hypergeom.pmf(0, n, c, k), abs=1e-12)


def test_pass_at_k_of_many_questions_is_their_mean():
    assert pass_at_k(4, [0, 1, 4], 2) == pytest.approx((0 + 0.5 + 1) / 3)


def test_pass_at_k_stays_exact_where_factorials_overflow():
    assert pass_at_k(4000, 1, 2000) == pytest.approx(0.5)


def test_a_mixture_multiplies_the_chances_to_miss():
    counts = [(4, [0, 2]), (3, [1, 0])]
    expected = np.mean([1 - 1 * (1 / 3), 1 - math.comb(2, 2) / math.comb(4, 2)])
    assert mixed_coverage(counts, [2, 2]) == pytest.approx(expected)


def test_a_mixture_of_one_is_pass_at_k_and_none_of_a_model_changes_nothing():
    assert mixed_coverage([(8, [3, 5, 0])], [3]) == pytest.approx(pass_at_k(8, [3, 5, 0], 3))
    assert mixed_coverage([(8, [3, 5]), (8, [8, 8])], [3, 0]) == pytest.approx(pass_at_k(8, [3, 5], 3))


def test_a_mixture_of_greedy_models_is_their_coverage():
    counts = [(1, row.astype(int)) for row in CORRECT]
    assert mixed_coverage(counts, [1, 1, 1]) == coverage_at_n(CORRECT)


def test_contributions_computed_by_hand():
    parts = contributions(CORRECT)
    assert parts.unique.tolist() == [1, 1, 0]
    assert parts.shapley == pytest.approx([(1 / 3 + 1) / 4, (1 / 3 + 1) / 4, (1 / 3) / 4])
    assert parts.leave_one_out.tolist() == [0.5, 0.5, 0.75]


@settings(max_examples=60, deadline=None)
@given(matrices)
def test_shapley_values_add_up_to_coverage_and_equal_the_mean_over_orders(correct):
    parts = contributions(correct)
    assert parts.shapley.sum() == pytest.approx(coverage_at_n(correct))
    if len(correct) <= 4:
        gains = np.zeros(len(correct))
        orders = list(itertools.permutations(range(len(correct))))
        for order in orders:
            before = np.zeros(correct.shape[1], dtype=bool)
            for row in order:
                gains[row] += (correct[row] & ~before).mean()
                before |= correct[row]
        assert parts.shapley == pytest.approx(gains / len(orders))


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_leaving_one_out_is_coverage_of_the_others(correct):
    for row, value in enumerate(contributions(correct).leave_one_out):
        others = np.delete(correct, row, axis=0)
        assert value == (coverage_at_n(others) if len(others) else 0.0)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: coverage_at_n(np.array([[1, 0]])), InputError),
        (lambda: coverage_at_n(np.zeros((2, 0), dtype=bool)), NotEnoughDataError),
        (lambda: expected_coverage(CORRECT, 4), InputError),
        (lambda: pass_at_k(3, 4, 1), InputError),
        (lambda: pass_at_k(3, 0.5, 1), InputError),
        (lambda: pass_at_k(3, 1, 4), InputError),
        (lambda: mixed_coverage([(3, [1])], [1, 1]), InputError),
        (lambda: mixed_coverage([(3, [1]), (3, [1, 1])], [1, 1]), InputError),
    ],
)
def test_bad_input_is_refused(call, error):
    with pytest.raises(error):
        call()


def test_many_rows_are_counted_as_few_are() -> None:
    rng = np.random.default_rng(3)
    correct = rng.random((600, 70)) < rng.random(70)
    correct[:, 0] = True  # more solvers than fit into two bytes' sums of one block
    parts = contributions(correct)
    solvers = correct.sum(axis=0)
    assert parts.shapley == pytest.approx((correct[:, solvers > 0] / solvers[solvers > 0]).sum(axis=1) / 70)
    assert parts.shapley.sum() == pytest.approx(coverage_at_n(correct))
    assert expected_coverage(correct, 600) == pytest.approx(coverage_at_n(correct))
    assert expected_coverage(correct, 1) == pytest.approx(correct.mean())
