"""One rule for what is shown and compared."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.numbers.digits import fixed, in_percent, settled, sign, significant

NEIGHBOURS = st.floats(-1000, 1000).filter(lambda value: abs(value) > 1e-6)


@pytest.mark.parametrize(("exact", "shown"), [(6.25, "6.2"), (6.35, "6.4"), (6.45, "6.4"), (-6.35, "-6.4")])
def test_a_half_goes_to_the_even_digit_whatever_the_last_bit_is(exact: float, shown: str) -> None:
    below, above = math.nextafter(exact, -math.inf), math.nextafter(exact, math.inf)
    assert {fixed(value, 1) for value in (below, exact, above)} == {shown}
    assert len({f"{value:.1f}" for value in (below, exact, above)}) == 2  # which Python alone does not


def test_a_zero_has_no_sign_of_its_own() -> None:
    assert fixed(-1e-17, 1, plus=True) == fixed(0.0, 1, plus=True) == fixed(1e-17, 1, plus=True) == "+0.0"


def test_signs_and_thousands_are_as_asked_for() -> None:
    assert fixed(1234567.891, 1, group=True) == "1,234,567.9"
    assert fixed(0.04, 1, plus=True) == "+0.0"
    assert in_percent(0.0532, plus=True) == "+5.3"
    assert fixed(math.inf, 1) == "inf"
    assert fixed(math.nan, 1) == "nan"


@given(NEIGHBOURS, st.integers(0, 4))
def test_away_from_halves_it_is_what_python_writes(value: float, places: int) -> None:
    if abs(value * 10**places % 1 - 0.5) > 1e-4 and f"{value:.{places}f}".strip("-0.") != "":
        assert fixed(value, places) == f"{value:.{places}f}"


@given(NEIGHBOURS)
def test_numbers_that_differ_in_their_last_bit_are_settled_alike_but_for_one_in_ten_thousand(
    value: float,
) -> None:
    other = math.nextafter(value, math.inf)
    assert settled(other) == pytest.approx(settled(value), rel=1.1e-11)


def test_what_is_equal_on_paper_is_settled_alike() -> None:
    assert 0.1 + 0.2 != 0.3
    assert settled(0.1 + 0.2) == settled(0.3) == 0.3
    assert sign(0.1 + 0.2 - 0.3) == 0
    assert [sign(-1e-6), sign(1e-6)] == [-1, 1]


def test_significant_digits_do_not_hang_on_the_last_bit() -> None:
    assert significant(math.nextafter(0.00048828125, 1), 10) == significant(0.00048828125, 10)
    assert significant(231168, 3) == "2.31e+05"
