"""Which answers are one answer, and what a way to choose is worth."""

import pytest

from acdc.errors import InputError, NotEnoughDataError
from evals.best_of_n.efficiency import selection_efficiency
from evals.best_of_n.equivalence import compared_by, group, normal_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,000", "$1000"),
        ("42", "42.00"),
        (r"\frac{1}{2}", "0.5"),
        (r"$\dfrac12$", "1/2"),
        (r"\boxed{\text{Yes}}", "yes."),
        ("(B)", "B"),
        ("−3", "-3"),
        (r"1{,}000".replace("{,}", ","), "1000"),
        ("two   words", "Two words"),
    ],
)
def test_equivalent_answers_are_one(one: str, other: str) -> None:
    assert group([one, other]) == [[0, 1]]


@pytest.mark.parametrize(
    ("one", "other"), [("1", "2"), ("1,5", "15"), ("A", "B"), ("0.3333", "1/3"), ("3", "-3"), ("1/0", "0")]
)
def test_other_answers_are_others(one: str, other: str) -> None:
    assert group([one, other]) == [[0], [1]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x+1", "1+x"),
        (r"\sqrt2", r"\sqrt{2}"),
        ("x/2", "0.5x"),
        ("50%", "0.5"),
        (r"\{1,2\}", r"\{2,1\}"),
        ("x=5", "5"),
    ],
)
def test_formulas_are_compared_by_math_verify(one: str, other: str) -> None:
    pytest.importorskip("math_verify", reason="math-verify is not installed")
    assert group([one, other], maths=True) == group([one, other]) == [[0, 1]]
    assert group([one, other], maths=False) == [[0], [1]]
    assert compared_by().endswith("math-verify")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2 3", "3 2"),
        ("3 hours", "3 days"),
        ("3 km", "3 cm"),
        ("(1,2)", "(2,1)"),
        ("[0,1]", "(0,1)"),
        ("the cat (2)", "the dog (2)"),
    ],
)
def test_what_a_parser_would_read_in_part_or_add_up_stays_apart(one: str, other: str) -> None:
    assert group([one, other], maths=True) == [[0], [1]]


def test_an_endless_answer_is_compared_quickly() -> None:
    assert len(normal_form("9" * 10_000_000)) <= 4000


def test_efficiency_is_the_share_of_what_a_selection_can_gain() -> None:
    # Random ½, covered 1 on both questions where it matters; chosen is right on one and wrong on the other: 0.
    found = selection_efficiency([1, 0, 1], [0.5, 0.5, 1], [1, 1, 1])
    assert found.value == pytest.approx(0.0)
    assert selection_efficiency([1, 1, 1], [0.5, 0.5, 1], [1, 1, 1]).value == pytest.approx(1.0)
    assert selection_efficiency([0, 0, 1], [0.5, 0.5, 1], [1, 1, 1]).value == pytest.approx(-1.0)


def test_the_interval_holds_the_value_and_narrows_with_questions() -> None:
    few = selection_efficiency([1, 1, 0, 1] * 3, [0.5] * 12, [1] * 12)
    many = selection_efficiency([1, 1, 0, 1] * 300, [0.5] * 1200, [1] * 1200)
    assert few.low <= few.value <= few.high
    assert many.value == few.value == pytest.approx(0.5)
    assert many.high - many.low < few.high - few.low


def test_where_no_question_depends_on_the_choice_there_is_no_efficiency() -> None:
    with pytest.raises(NotEnoughDataError):
        selection_efficiency([1, 0], [1, 0], [1, 0])
    with pytest.raises(InputError):
        selection_efficiency([2], [0], [1])
