import math

import pytest

from reproductions.tables.details import wilson


def test_wilsons_interval_is_the_textbooks() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611
    mean, low, high = wilson([1.0] * 81 + [0.0] * 182, 0.95)
    assert (mean, low, high) == pytest.approx((81 / 263, 0.2553, 0.3662), abs=5e-5)
    assert wilson([0.0] * 20, 0.95) == pytest.approx((0, 0, 0.1611), abs=5e-5)


def test_without_a_question_there_is_no_number() -> None:
    assert all(math.isnan(value) for value in wilson([], 0.95))
