"""Multiple-choice records as open questions: nothing of the options is left in them."""

import pytest

from acdc.errors import InputError
from evals.benchmarks.judge.open_form import OpenForm, bbh, gpqa, mmlu, mmlu_pro


def test_mmlus_answer_is_a_position_and_that_of_mmlu_pro_a_letter() -> None:
    row = {"question": "At what does water boil? ", "choices": ["0 degrees", "100 degrees"], "answer": 1}
    asked = OpenForm("At what does water boil?", ("0 degrees", "100 degrees"), "100 degrees")
    assert mmlu(row) == mmlu_pro(row | {"options": row["choices"], "answer": "B"}) == asked
    for answer in ("B", True):  # what the benchmark with its options refuses, too
        with pytest.raises(InputError, match="none of its 2 options"):
            mmlu(row | {"answer": answer})


@pytest.mark.parametrize("answer", [4, -1, "Z", "yes", None, 1.0])
def test_an_answer_that_is_no_option_is_refused(answer: object) -> None:
    with pytest.raises(InputError, match="none of its 2 options"):
        mmlu_pro({"question": "?", "options": ["a", "b"], "answer": answer})


def test_gpqas_right_answer_is_one_of_four() -> None:
    row = {"Question": "Q?", "Correct Answer": "right\n"} | {
        f"Incorrect Answer {n}": f"w{n}" for n in (1, 2, 3)
    }
    assert gpqa(row) == OpenForm("Q?", ("right", "w1", "w2", "w3"), "right")


@pytest.mark.parametrize(
    ("text", "target", "form"),
    [
        ("not True is", "False", OpenForm("not True is", (), "False")),
        (
            "Which date?\nOptions:\n(A) 04/29\n(B) 05/01",
            "(B)",
            OpenForm("Which date?", ("04/29", "05/01"), "05/01"),
        ),
        (
            "Do you return?\nOptions:\n- Yes\n- No",
            "No",
            OpenForm("Do you return?", ("Yes", "No"), "No"),
        ),
        (
            "Is it valid or invalid?\nOptions:\n- valid \n- invalid",
            "invalid",
            OpenForm("Is it valid or invalid?", ("valid", "invalid"), "invalid"),
        ),
        ("Options:\n(A) one\n(B) two", "(A)", OpenForm("", ("one", "two"), "one")),
        ("(A) one\n(B) two", "(B)", OpenForm("", ("one", "two"), "two")),
        ("Close ( (A) [", "] )", OpenForm("Close ( (A) [", (), "] )")),
    ],
)
def test_bbhs_options_are_cut_off(text: str, target: str, form: OpenForm) -> None:
    assert bbh({"task": "t", "input": text, "target": target}) == form


def test_a_target_of_bbh_that_is_no_option_is_refused() -> None:
    with pytest.raises(InputError, match=r"record 3: its target '\(C\)'"):
        bbh({"id": 3, "input": "Which?\nOptions:\n(A) one\n(B) two", "target": "(C)"})
