import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from acdc.errors import InputError, NotEnoughDataError
from evals.significance import (
    Interval,
    converged_bootstrap,
    family_bootstrap,
    holm,
    item_bootstrap,
    mcnemar,
    paired_t,
    published_bootstrap,
    sign_flip,
)
from evals.statistics.bootstrap import Level, Resamples, mean_of
from evals.statistics.resampling import convolved_means, percentile_interval

# Whole hundredths, as tables print them, so that sums are exact enough to tie.
hundredths = st.integers(-500, 500).map(lambda value: value / 100)
differences = st.lists(hundredths, min_size=2, max_size=8).map(np.array)
EIGHT = np.array([0.11, -0.04, 0.21, 0.08, 0.00, 0.15, -0.02, 0.07])


def share_at_most(intervals: list[Interval], level: float) -> float:
    return float(np.mean([interval.p <= level for interval in intervals]))


# The published bootstrap and what it converges to


def test_two_differences_have_three_bootstrap_means():
    # Means −1, 1 and 3 with chances 1/4, 1/2, 1/4.
    assert converged_bootstrap([-1.0, 3.0]) == (1.0, -1.0, 3.0, 0.25)


def test_enumeration_agrees_with_all_ordered_draws():
    values = np.array([0.3, -0.2, 0.1, 0.5])
    means = np.array([np.mean(draw) for draw in itertools.product(values, repeat=4)])
    interval = converged_bootstrap(values)
    assert interval.p == pytest.approx(np.mean(means <= 1e-12))
    assert interval.low == pytest.approx(np.quantile(means, 0.025, method="inverted_cdf"))
    assert interval.high == pytest.approx(np.quantile(means, 0.975, method="inverted_cdf"))


def test_the_published_bootstrap_agrees_with_scipy():
    ours = published_bootstrap(EIGHT, seed=1)
    theirs = stats.bootstrap(
        (EIGHT,), np.mean, n_resamples=50_000, method="percentile", rng=2
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.002)
    assert ours.mean == EIGHT.mean()


@pytest.mark.parametrize("size", [8, 32, 300])
def test_the_published_bootstrap_has_the_moments_of_a_bootstrap_at_every_size(size):
    # The spread of a bootstrap mean is sd / sqrt(n).
    values = np.random.default_rng(size).normal(size=size)
    spread = values.std() / np.sqrt(size)
    interval = published_bootstrap(values, seed=0, confidence=0.6826895)
    assert (interval.high - interval.low) / 2 == pytest.approx(spread, rel=0.03)
    assert (interval.high + interval.low) / 2 == pytest.approx(values.mean(), abs=0.05 * spread)


def test_fifty_thousand_resamples_lie_around_what_they_converge_to():
    exact = converged_bootstrap(EIGHT)
    for seed in range(20):
        drawn = published_bootstrap(EIGHT, seed=seed)
        assert drawn.low == pytest.approx(exact.low, abs=0.003)
        assert drawn.high == pytest.approx(exact.high, abs=0.003)
        assert drawn.p == pytest.approx(exact.p, abs=0.003)


def test_above_ten_the_convolution_is_where_two_million_resamples_arrive():
    values = np.random.default_rng(3).normal(0.1, 0.3, 32)
    drawn = published_bootstrap(values, seed=0, resamples=2_000_000)
    assert converged_bootstrap(values) == pytest.approx(drawn, abs=0.0006)


def test_the_convolution_agrees_with_enumeration_where_both_can_be_had():
    for values in (EIGHT, np.array([0.1, 0.2, -0.3, 0.0, 0.1, -0.1])):
        means, chances = convolved_means(values)
        convolved = percentile_interval(float(values.mean()), means, chances, 0.95)
        assert convolved == pytest.approx(converged_bootstrap(values), abs=2e-5)


def test_twelve_equal_differences_have_one_bootstrap_mean():
    assert converged_bootstrap(np.full(12, 0.25)) == (0.25, 0.25, 0.25, 0.0)


def test_the_same_seed_gives_the_same_interval():
    assert published_bootstrap(EIGHT, seed=4) == published_bootstrap(EIGHT, seed=4)
    assert published_bootstrap(EIGHT, seed=4) != published_bootstrap(EIGHT, seed=5)


@settings(max_examples=60, deadline=None)
@given(differences)
def test_the_interval_contains_the_mean(values):
    interval = converged_bootstrap(values)
    assert interval.low - 1e-12 <= interval.mean <= interval.high + 1e-12
    assert 0 <= interval.p <= 1


@settings(max_examples=60, deadline=None)
@given(differences, st.randoms(use_true_random=False), st.sampled_from([0.01, 3.0, 1000.0]))
def test_order_changes_nothing_and_scale_scales(values, random, scale):
    shuffled = values.copy()
    random.shuffle(shuffled)
    once, again, scaled = (
        converged_bootstrap(values),
        converged_bootstrap(shuffled),
        converged_bootstrap(values * scale),
    )
    assert again == pytest.approx(once, abs=1e-12)
    assert scaled[:3] == pytest.approx(tuple(scale * end for end in once[:3]), abs=1e-9 * scale)
    assert scaled.p == pytest.approx(once.p, abs=1e-12)
    assert sign_flip(shuffled) == sign_flip(values) == sign_flip(values * scale)


@settings(max_examples=60, deadline=None)
@given(differences, st.integers(0, 200))
def test_larger_differences_never_have_a_larger_p(values, shift):
    larger = values + shift / 100
    assert converged_bootstrap(larger).p <= converged_bootstrap(values).p + 1e-12
    assert sign_flip(larger) <= sign_flip(values) + 1e-12


@settings(max_examples=60, deadline=None)
@given(differences)
def test_changing_every_sign_mirrors_the_interval(values):
    there, back = converged_bootstrap(values), converged_bootstrap(-values)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=1e-12)


# Sign-flip


def test_sign_flip_by_hand():
    assert sign_flip([1, 1, 1, 1, 1, 1, 1, 1]) == 1 / 256
    assert sign_flip([3, 1, 1, -2]) == 5 / 16  # minus signs on {}, {1}, {1}, {1, 1} or {2}
    assert sign_flip([-1.0]) == 1.0
    assert sign_flip([0.0, 0.0, 0.0]) == 1.0


def test_sign_flip_counts_sums_that_are_equal_on_paper():
    # 0.1 + 0.2 and 0.3 differ in floating point; both orders of signs below reach the same sum.
    assert sign_flip([0.1, 0.2, -0.3]) == sign_flip([1, 2, -3]) == 5 / 8


@settings(max_examples=40, deadline=None)
@given(st.lists(hundredths, min_size=2, max_size=9).map(np.array), st.sampled_from(["greater", "two-sided"]))
def test_sign_flip_agrees_with_scipy(values, alternative):
    assume(len(set(np.abs(values))) > 1)
    whole = np.round(values * 100)
    theirs = stats.permutation_test(
        (whole,), np.sum, permutation_type="samples", alternative=alternative, n_resamples=np.inf
    ).pvalue
    assert sign_flip(values, alternative=alternative) == pytest.approx(theirs)


def test_sign_flip_of_thirty_two_is_exact_and_agrees_with_the_normal_approximation():
    values = np.random.default_rng(8).normal(0.3, 1, 32)
    z = values.sum() / np.sqrt((values**2).sum())
    assert sign_flip(values) == pytest.approx(stats.norm.sf(z), abs=0.01)
    assert sign_flip(values) == sign_flip(values, seed=99)


def test_sign_flip_above_forty_is_drawn_and_agrees_with_the_exact_one():
    values = np.random.default_rng(8).normal(0.2, 1, 40)
    padded = np.concatenate([values, np.zeros(5)])  # zeros change nothing
    assert sign_flip(padded) == pytest.approx(sign_flip(values), abs=0.002)


# Student's t


def test_paired_t_agrees_with_scipy():
    interval = paired_t(EIGHT)
    theirs = stats.ttest_1samp(EIGHT, 0.0)
    assert (interval.low, interval.high) == pytest.approx(theirs.confidence_interval(0.95))
    assert interval.p == pytest.approx(stats.ttest_1samp(EIGHT, 0, alternative="greater").pvalue)
    assert paired_t(EIGHT, alternative="two-sided").p == pytest.approx(theirs.pvalue)


def test_paired_t_by_hand():
    # Mean 2, sd 1, n 3: t(2) = 2·sqrt(3); the 95% half-width is 4.302653 / sqrt(3).
    interval = paired_t([1, 2, 3])
    assert interval.high - 2 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert interval.p == pytest.approx(stats.t.sf(2 * np.sqrt(3), 2))


def test_differences_without_spread_have_no_t():
    for values in ([0.0, 0.0, 0.0], [0.1, 0.1, 0.1]):
        with pytest.raises(NotEnoughDataError, match="all differences are equal"):
            paired_t(values)


# Families


def test_family_bootstrap_of_two_by_hand():
    assert family_bootstrap({"a": [-1.0, -1.0], "b": [3.0, 3.0]}) == (1.0, -1.0, 3.0, 0.25)


def test_family_bootstrap_draws_whole_families_whatever_their_size():
    # Draws aa, ab, ba, bb: means 0, 2, 2, 3 when b has twice the differences of a.
    interval = family_bootstrap([[0.0], [3.0, 3.0]])
    assert interval == (2.0, 0.0, 3.0, 0.25)


def test_families_that_agree_within_are_as_wide_as_their_means():
    rng = np.random.default_rng(0)
    means = rng.normal(size=6)
    families = {str(i): np.full(8, mean) for i, mean in enumerate(means)}
    assert family_bootstrap(families) == pytest.approx(converged_bootstrap(means))


def test_more_than_ten_families_are_drawn():
    means = np.random.default_rng(1).normal(0.2, 1, 12)
    assert family_bootstrap([[mean] for mean in means]) == pytest.approx(converged_bootstrap(means), abs=0.02)


def test_one_family_is_not_enough():
    with pytest.raises(NotEnoughDataError, match="at least 2"):
        family_bootstrap({"a": EIGHT})


# Questions


def test_one_benchmark_of_rights_and_wrongs_has_the_binomial_spread():
    values = np.repeat([1.0, 0.0, -1.0], [120, 800, 80])
    interval = item_bootstrap({"b": values}, seed=1)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=5_000, method="percentile", rng=2
    ).confidence_interval
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=0.002)


def test_counting_kinds_of_differences_equals_drawing_questions():
    rng = np.random.default_rng(5)
    ternary = rng.choice([-1.0, 0.0, 1.0], 500, p=[0.1, 0.7, 0.2])
    nudged = ternary + rng.normal(0, 1e-9, 500)  # now 500 distinct values, drawn item by item
    assert item_bootstrap({"b": ternary}, seed=1) == pytest.approx(
        item_bootstrap({"b": nudged}, seed=2), abs=0.004
    )


def test_benchmarks_weigh_the_same_whatever_their_size():
    interval = item_bootstrap({"large": np.ones(900), "small": np.zeros(9)}, seed=0)
    assert interval.mean == 0.5


def test_drawing_benchmarks_widens_the_interval_and_fixing_them_leaves_question_noise():
    rng = np.random.default_rng(0)
    data = {
        str(b): rng.choice([-1.0, 0.0, 1.0], 400, p=[0.1, 0.9 - up, up])
        for b, up in enumerate([0.0, 0.1, 0.3, 0.4])
    }
    clustered, fixed = item_bootstrap(data, seed=1), item_bootstrap(data, seed=1, benchmarks="fixed")
    noise = np.sqrt(sum(values.var() / 400 for values in data.values())) / 4
    assert (fixed.high - fixed.low) / 2 == pytest.approx(1.96 * noise, rel=0.05)
    assert clustered.high - clustered.low > 2 * (fixed.high - fixed.low)


def test_questions_that_all_agree_leave_the_bootstrap_over_benchmarks():
    data = {str(b): np.full(50, mean) for b, mean in enumerate(EIGHT)}
    assert item_bootstrap(data, seed=3, resamples=50_000) == pytest.approx(
        converged_bootstrap(EIGHT), abs=0.004
    )


def resampled(data: dict[str, np.ndarray], levels: tuple[Level, ...], resamples: int = 10_000) -> Interval:
    (runs,) = {len(values) for values in data.values()}
    questions = {name: values.shape[1] for name, values in data.items()}
    drawn = Resamples(questions, runs, levels=levels, resamples=resamples, confidence=0.95, seed=2)
    return drawn.interval(mean_of(data), drawn.means(data))


ALL: tuple[Level, ...] = ("runs", "benchmarks", "items")


def test_one_run_makes_the_hierarchy_the_clustered_bootstrap():
    rng = np.random.default_rng(2)
    flat = {str(b): rng.choice([-1.0, 0.0, 1.0], 100) for b in range(5)}
    nested = {name: values[None, :] for name, values in flat.items()}
    once = item_bootstrap(flat, seed=1, resamples=20_000)
    assert resampled(nested, ALL, 20_000) == pytest.approx(once, abs=0.006)


def test_runs_are_drawn_for_all_benchmarks_together():
    # Run 0 gains 1 everywhere, run 1 nothing: means 0, ½, 1 with chances ¼, ½, ¼, whatever the benchmarks.
    data = {str(b): np.array([np.ones(30), np.zeros(30)]) for b in range(4)}
    interval = resampled(data, ALL)
    assert interval[:3] == (0.5, 0.0, 1.0)
    assert interval.p == pytest.approx(0.25, abs=0.02)


def test_drawing_no_level_leaves_the_mean():
    assert resampled({"b": np.arange(6.0).reshape(2, 3)}, ())[:3] == (2.5, 2.5, 2.5)


# McNemar and Holm


def test_mcnemar_by_hand_and_where_nothing_differs():
    first = np.array([1] * 8 + [0] * 2 + [1] * 5, dtype=bool)
    second = np.array([0] * 8 + [1] * 2 + [1] * 5, dtype=bool)
    assert mcnemar(first, second) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert mcnemar(first, second, alternative="greater") == pytest.approx((1 + 10 + 45) / 1024)
    assert mcnemar(first, first) == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@settings(max_examples=100, deadline=None)
@given(arrays(float, st.integers(1, 20), elements=st.floats(0, 1)))
def test_holm_steps_down(p):
    adjusted = holm(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, p * len(p))).all()
    assert adjusted[order[0]] == min(1.0, p.min() * len(p))
    for level in (0.01, 0.05, 0.3):
        # The definition: walk up from the smallest p and stop at the first that fails its own level.
        rejected = np.zeros(len(p), dtype=bool)
        for step, index in enumerate(order):
            if p[index] * (len(p) - step) > level:
                break
            rejected[index] = True
        assert (adjusted <= level).tolist() == rejected.tolist()


# What bad input gets


@pytest.mark.parametrize(
    "test", [lambda d: published_bootstrap(d, seed=0), converged_bootstrap, sign_flip, paired_t]
)
def test_nan_is_refused_by_its_place_and_nothing_is_not_enough(test):
    with pytest.raises(InputError, match="difference 1 is not a finite number"):
        test([0.1, np.nan, 0.3])
    with pytest.raises(NotEnoughDataError):
        test([])
    with pytest.raises(InputError, match="one dimension"):
        test([[0.1, 0.2]])


@pytest.mark.parametrize("test", [lambda d: published_bootstrap(d, seed=0), converged_bootstrap, paired_t])
def test_one_difference_is_not_enough_for_an_interval(test):
    with pytest.raises(NotEnoughDataError, match="at least 2"):
        test([0.1])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: holm([0.1, 1.2]), InputError),
        (lambda: holm([0.1, float("nan")]), InputError),
        (lambda: mcnemar(np.array([True]), np.array([True, False])), InputError),
        (lambda: mcnemar([1, 0], [1, 0]), InputError),
        (lambda: item_bootstrap({}), NotEnoughDataError),
        (lambda: item_bootstrap({"b": []}), NotEnoughDataError),
        (lambda: converged_bootstrap(EIGHT, confidence=95), InputError),
    ],
)
def test_other_bad_input_is_refused(call, error):
    with pytest.raises(error):
        call()


# Calibration: simulated worlds in small; the full table is printed by tests/benchmarks/bench_calibration.py


def test_at_eight_the_published_interval_covers_too_little_and_the_t_interval_what_it_says():
    worlds = np.random.default_rng(11).normal(size=(1500, 8))
    published = [converged_bootstrap(world) for world in worlds]
    student = [paired_t(world) for world in worlds]
    assert 0.85 < np.mean([i.low <= 0 <= i.high for i in published]) < 0.915
    assert 0.935 < np.mean([i.low <= 0 <= i.high for i in student]) < 0.965
    assert 0.065 < share_at_most(published, 0.05) < 0.11
    assert 0.035 < share_at_most(student, 0.05) < 0.065


def test_sign_flips_keep_their_level_in_symmetric_worlds_however_heavy_the_tails():
    rng = np.random.default_rng(12)
    for worlds in (rng.normal(size=(1500, 8)), rng.standard_t(2, size=(1500, 8))):
        assert 0.03 < np.mean([sign_flip(world) <= 0.05 for world in worlds]) < 0.065


def test_pooling_families_as_if_they_were_independent_rejects_far_too_often():
    rng = np.random.default_rng(13)
    worlds = rng.normal(size=(400, 4, 1)) + 0.5 * rng.normal(size=(400, 4, 8))
    pooled = [published_bootstrap(world.ravel(), seed=0, resamples=2_000) for world in worlds]
    by_family = [paired_t(world.mean(axis=1)) for world in worlds]
    assert share_at_most(pooled, 0.05) > 0.2
    assert share_at_most(by_family, 0.05) < 0.085
