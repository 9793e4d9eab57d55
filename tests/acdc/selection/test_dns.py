import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from acdc.errors import InputError
from acdc.selection.dns import difficulty_weights, dominated_novelty, survivors

# Four individuals on five tasks. Fails per task: 1 2 2 3 3; as shares of four: .25 .5 .5 .75 .75.
SKILLS = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 1]], dtype=bool)
FITNESS = SKILLS.mean(axis=1)
OPTIONS = [
    {"distance": distance, "difficulty_weighted": weighted, "denominator": denominator, "ties": ties, "k": k}
    for distance in ("hamming", "skill_ratio")
    for weighted in (True, False)
    for denominator in ("all", "unsolved")
    for ties in ("ordered", "strict", "released")
    for k in (1, 3)
]


def by_the_book(skills, fitness, *, k, distance, difficulty_weighted, denominator, ties, age=None):
    """The definition in plain loops."""
    count, tasks = skills.shape
    created = list(range(count)) if age is None else list(age)
    weights = [1 - skills[:, t].mean() if difficulty_weighted else 1.0 for t in range(tasks)]
    scores, someone_was_alone = [], False
    for i in range(count):
        fitter = [j for j in range(count) if fitness[j] > fitness[i]]
        if ties == "ordered":
            fitter += [j for j in range(count) if fitness[j] == fitness[i] and created[j] < created[i]]
        if ties == "released" and someone_was_alone:
            fitter += [j for j in range(count) if j != i and fitness[j] == fitness[i]]
        if not fitter:
            someone_was_alone = True
            scores.append(np.inf)
            continue
        distances = []
        for j in fitter:
            if distance == "hamming":
                distances.append(sum(skills[i, t] != skills[j, t] for t in range(tasks)) / tasks)
                continue
            ahead = sum(weights[t] for t in range(tasks) if skills[i, t] and not skills[j, t])
            whole = sum(weights[t] for t in range(tasks) if denominator == "all" or not skills[j, t])
            distances.append(ahead / whole if whole > 0 else 0.0)
        nearest = sorted(distances)[:k]
        scores.append(sum(nearest) / len(nearest))
    return np.array(scores)


def test_difficulty_is_the_share_that_fails():
    assert difficulty_weights(SKILLS).tolist() == [0.25, 0.5, 0.5, 0.75, 0.75]


def test_the_default_distance_computed_by_hand():
    # Row 0 is fittest and oldest. Row 1 solves task 3 (.75 of 2.75) beyond row 0. Row 2 solves nothing beyond row 0 and
    # task 2 (.5) beyond row 1. Row 3 solves task 4 (.75) beyond each of the three.
    expected = [np.inf, 0.75 / 2.75, (0 + 0.5 / 2.75) / 2, 0.75 / 2.75]
    assert dominated_novelty(SKILLS, FITNESS) == pytest.approx(expected)


def test_hamming_computed_by_hand():
    expected = [np.inf, 2 / 5, (1 / 5 + 3 / 5) / 2, (4 + 4 + 3) / 15]
    assert dominated_novelty(SKILLS, FITNESS, distance="hamming") == pytest.approx(expected)


def test_the_unsolved_denominator_computed_by_hand():
    # Row 0 fails tasks 3 and 4 (1.5); row 1 fails 2 and 4 (1.25); row 2 fails 1, 3 and 4 (2).
    expected = [np.inf, 0.75 / 1.5, (0 + 0.5 / 1.25) / 2, (0.75 / 1.5 + 0.75 / 1.25 + 0.75 / 2) / 3]
    assert dominated_novelty(SKILLS, FITNESS, denominator="unsolved") == pytest.approx(expected)


@pytest.mark.parametrize("options", OPTIONS)
def test_it_agrees_with_the_definition_in_plain_loops(options):
    rng = np.random.default_rng(7)
    for tasks in (1, 4, 40):
        skills = rng.random((12, tasks)) < 0.5
        fitness = skills.mean(axis=1)
        age = rng.permutation(12)
        expected = by_the_book(skills, fitness, **options, age=age)
        np.testing.assert_allclose(
            dominated_novelty(skills, fitness, age=age, **options), expected, rtol=1e-12
        )


def test_a_clone_of_the_fittest_scores_zero_when_ties_are_ordered_and_survives_when_strict():
    skills = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    fitness = skills.mean(axis=1)
    assert dominated_novelty(skills, fitness)[:2].tolist() == [np.inf, 0.0]
    assert dominated_novelty(skills, fitness, ties="strict")[:2].tolist() == [np.inf, np.inf]


def test_released_ties_depend_on_the_order_of_the_list():
    skills = np.array([[0, 0, 1], [1, 1, 0], [1, 1, 0]], dtype=bool)
    fitness = np.array([0.0, 1.0, 1.0])
    assert dominated_novelty(skills, fitness, ties="released").tolist()[1:] == [np.inf, 0.0]
    assert dominated_novelty(skills, fitness[::-1], ties="released").tolist()[0] == np.inf


def test_age_decides_ties_and_a_smaller_number_is_older():
    skills = np.array([[1, 0], [1, 0]], dtype=bool)
    assert dominated_novelty(skills, [0.5, 0.5], age=[9, 4]).tolist() == [0.0, np.inf]


def test_nothing_over_nothing_is_zero():
    all_pass = np.ones((3, 4), dtype=bool)
    assert dominated_novelty(all_pass, [1, 1, 1]).tolist() == [np.inf, 0.0, 0.0]
    assert dominated_novelty(all_pass, [1, 1, 1], denominator="unsolved").tolist() == [np.inf, 0.0, 0.0]


def test_survivors_come_best_first_and_ties_go_to_the_fitter():
    assert survivors(SKILLS, FITNESS, 3).tolist() == [0, 1, 3]
    assert survivors(SKILLS, FITNESS, 99).tolist() == [0, 1, 3, 2]


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 7))), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing_to_the_last_bit(skills, random):
    count = len(skills)
    fitness = skills.mean(axis=1)
    shuffled = random.sample(range(count), count)
    straight = dominated_novelty(skills, fitness, age=np.arange(count))
    mixed = dominated_novelty(skills[shuffled], fitness[shuffled], age=np.arange(count)[shuffled])
    assert straight[shuffled].tolist() == mixed.tolist()
    kept = survivors(skills, fitness, 3, age=np.arange(count))
    kept_mixed = survivors(skills[shuffled], fitness[shuffled], 3, age=np.arange(count)[shuffled])
    assert kept.tolist() == [shuffled[i] for i in kept_mixed]


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 7))), st.sampled_from(OPTIONS))
def test_scores_are_ratios_or_infinite_and_the_fittest_is_infinite(skills, options):
    scores = dominated_novelty(skills, skills.mean(axis=1), **options)
    assert (((scores >= 0) & (scores <= 1)) | np.isinf(scores)).all()
    assert np.isinf(scores[skills.mean(axis=1).argmax()])


@pytest.mark.parametrize(
    ("fitness", "options", "message"),
    [
        ([1.0], {}, "expected 4 finite"),
        ([1.0, np.nan, 0.0, 0.0], {}, "expected 4 finite"),
        ([1.0, 0.0, 0.0, 0.0], {"k": 0}, "at least 1"),
        ([1.0, 0.0, 0.0, 0.0], {"distance": "cosine"}, "hamming or skill_ratio"),
        ([1.0, 0.0, 0.0, 0.0], {"denominator": "some"}, "all or unsolved"),
        ([1.0, 0.0, 0.0, 0.0], {"ties": "loose"}, "ordered, strict or released"),
        ([1.0, 0.0, 0.0, 0.0], {"age": [1, 2]}, "expected 4 creation numbers"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected(fitness, options, message):
    with pytest.raises(InputError, match=message):
        dominated_novelty(SKILLS, fitness, **options)


def test_no_individual_at_all_is_refused():
    with pytest.raises(InputError, match="no individual"):
        dominated_novelty(np.zeros((0, 3), dtype=bool), [])
