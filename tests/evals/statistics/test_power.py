import numpy as np
import pytest
from scipy import stats

from acdc.errors import InputError, NotEnoughDataError
from evals.statistics.power import minimum_detectable_effect, t_power, unit_sd, units_needed


def test_power_agrees_with_the_textbook():
    # Cohen 1988, one-sample form: d = 0.5, n = 27, one-tailed 5%: about 81%; two-sided with n = 34: 81%.
    assert t_power(0.5, 1.0, 27) == pytest.approx(0.81, abs=0.005)
    assert t_power(0.5, 1.0, 34, alternative="two-sided") == pytest.approx(0.81, abs=0.005)


def test_power_agrees_with_simulation():
    worlds = np.random.default_rng(0).normal(0.8, 1.0, (4000, 8))
    found = stats.ttest_1samp(worlds, 0, axis=1, alternative="greater").pvalue <= 0.05
    assert t_power(0.8, 1.0, 8) == pytest.approx(found.mean(), abs=0.02)


def test_two_units_need_an_effect_of_many_standard_deviations_and_get_a_number():
    worlds = np.random.default_rng(0).normal(12.0, 1.0, (20000, 2))
    found = stats.ttest_1samp(worlds, 0, axis=1).pvalue <= 0.05
    assert t_power(12.0, 1.0, 2, alternative="two-sided") == pytest.approx(found.mean(), abs=0.02)
    effect = minimum_detectable_effect(0.025, 2, alternative="two-sided")
    assert t_power(effect, 0.025, 2, alternative="two-sided") == pytest.approx(0.8)


def test_without_an_effect_power_is_the_level():
    for alternative in ("greater", "two-sided"):
        assert t_power(0.0, 1.0, 8, alternative=alternative) == pytest.approx(0.05)


def test_the_detectable_effect_is_detected_with_the_power_asked_for():
    effect = minimum_detectable_effect(0.1, 8, power=0.8)
    assert t_power(effect, 0.1, 8) == pytest.approx(0.8)
    assert minimum_detectable_effect(0.2, 8) == pytest.approx(2 * effect)
    assert minimum_detectable_effect(0.1, 16) < effect


def test_units_needed_is_the_first_number_that_suffices():
    needed = units_needed(0.02, 0.025)
    assert t_power(0.02, 0.025, needed) >= 0.8 > t_power(0.02, 0.025, needed - 1)
    assert units_needed(5.0, 0.1) == 2


def test_more_questions_cannot_remove_what_differs_between_units():
    assert unit_sd(100, disagreement=0.25, between=0.0) == 0.05
    assert unit_sd(10**9, disagreement=0.25, between=0.03) == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: unit_sd(0, disagreement=0.2, between=0.0), InputError),
        (lambda: t_power(0.1, 0.0, 8), InputError),
        (lambda: t_power(0.1, 0.1, 1), NotEnoughDataError),
        (lambda: minimum_detectable_effect(0.1, 8, power=0.01), InputError),
        (lambda: units_needed(0.0, 0.1), InputError),
        (lambda: units_needed(1e-9, 1.0), InputError),
    ],
)
def test_bad_input_is_refused(call, error):
    with pytest.raises(error):
        call()
