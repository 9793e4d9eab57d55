"""What of a reply becomes the submission."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.judging.extract import extract, last_boxed

plain = st.text(alphabet=string.ascii_letters + string.digits + " .,\n", max_size=40)


def balanced() -> st.SearchStrategy[str]:
    """Texts over several lines whose braces are balanced."""
    return st.recursive(
        plain, lambda inner: st.tuples(plain, inner, plain).map(lambda t: f"{t[0]}{{{t[1]}}}{t[2]}")
    )


@pytest.mark.parametrize(
    ("reply", "submission"),
    [
        (r"\boxed{1} or rather \boxed{2}", "2"),
        (r"so \boxed{\frac{1}{2}} it is", r"\frac{1}{2}"),
        ("\\boxed{\nfirst\nsecond\n}", "first\nsecond"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{3} and then \boxed{cut o", "3"),
        (r"\boxed{cut \boxed{4}", "4"),
        (r"\boxed{outer \boxed{inner}}", r"outer \boxed{inner}"),
        (r"\\boxed{5}", "5"),
        (r"\boxed{6} #### 7", "6"),
        ("#### 8\n#### 9 apples", "9 apples"),
        ("Answer: A\nno:\nAnswer: B", "B"),
        ("the Answer: A", "the Answer: A"),
        ("  Answer: 12  ", "12"),
        ("12+30=42\nAnswer: 42", "42"),
        (" just this\n", "just this"),
        ("", ""),
    ],
)
def test_the_rules_of_the_method_in_their_order(reply: str, submission: str) -> None:
    assert extract(reply, is_code=False) == submission


@given(st.text())
def test_code_is_the_whole_reply(reply: str) -> None:
    assert extract(reply, is_code=True) == reply


@given(st.text(), balanced())
def test_an_answer_in_a_last_box_comes_back(before: str, answer: str) -> None:
    assert extract(f"{before}\n\\boxed{{{answer}}} done", is_code=False) == answer.strip()


@given(st.text(alphabet="\\boxed{} \n#a"))
def test_a_box_is_a_stripped_part_of_the_reply(reply: str) -> None:
    content = last_boxed(reply)
    assert content is None or (content in reply and content == content.strip())


@given(plain, plain)
def test_what_follows_the_last_hashes_comes_back(before: str, answer: str) -> None:
    assert extract(f"{before}#### {answer}", is_code=False) == answer.strip()


@given(plain, st.text(alphabet=string.ascii_letters, min_size=1))
def test_what_follows_the_last_answer_line_comes_back(before: str, answer: str) -> None:
    assert extract(f"{before}\nAnswer: {answer}\nI am sure.", is_code=False) == answer


@given(st.text())
def test_extracting_never_fails_and_never_leaves_white_space_around(reply: str) -> None:
    submission = extract(reply, is_code=False)
    assert submission == submission.strip()


def test_many_open_boxes_take_linear_time() -> None:
    assert last_boxed("\\boxed{" * 200_000) is None
