"""Code that a model answers with: it runs in a second confined process, and learns nothing of what is expected of it."""

from pathlib import Path

import pytest

from acdc.sandbox import Answered, Job, Limits, Sandbox, SandboxSettings

SOURCE = (Path(__file__).parent / "attacks" / "answer_attacks.py").read_text()
ASKING = """
EXPECTED = "the secret of the task"
class TaskFamily:
    @staticmethod
    def get_tasks():
        return {"1": {"expected": EXPECTED}}

    @staticmethod
    def get_instructions(t):
        return "Say it."

    @staticmethod
    def score(t, submission):
        name, _, source = submission.partition(":")
        return 1.0 if run_answer(source, name, [EXPECTED[::-1]] if name == "look_for" else []) in (EXPECTED, True) else 0.0
"""


def test_an_answers_value_comes_back_as_json_has_it(box: Sandbox) -> None:
    code = "def f(x, y):\n    return {'sum': x + y, 'list': (1, None, 'ä')}"
    assert box.run_answer(code, "f", [1, 2.5]) == Answered({"sum": 3.5, "list": [1, None, "ä"]})


def test_frames_modules_and_heap_of_an_answer_do_not_hold_the_expected_one(box: Sandbox) -> None:
    (outcome,) = box.score([Job(ASKING, "1", "look_for:" + SOURCE)])
    assert (outcome.score, outcome.error) == (0.0, None), outcome


def test_the_search_of_the_frames_would_find_what_is_there(box: Sandbox) -> None:
    planted = SOURCE + "\nPLANTED = 'the secret of the task'\n"
    (outcome,) = box.score([Job(ASKING, "1", "look_for:" + planted)])
    assert outcome.score == 1.0


def test_an_answer_cannot_read_the_task(box: Sandbox) -> None:
    assert box.run_answer(SOURCE, "read_the_task", [__file__]).error == "exception"


def test_an_answer_that_patches_its_interpreter_fools_no_later_score(box: Sandbox) -> None:
    box.run_answer(SOURCE, "patch_everything", [])
    assert box.run_answer(SOURCE, "is_anything_patched", []) == Answered(False)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("return_an_object", "protocol"),
        ("return_nan", "protocol"),
        ("return_a_circle", "protocol"),
        ("return_10_mb", "output"),
        ("forge_a_value", "protocol"),
        ("no_such_function", "exception"),
    ],
)
def test_what_is_no_json_value_does_not_cross(function: str, error: str, box: Sandbox) -> None:
    answered = box.run_answer(SOURCE, function, [])
    assert (answered.value, answered.error) == (None, error)


def test_json_nested_deeper_than_either_side_can_read_is_an_error_not_a_crash(box: Sandbox) -> None:
    for depth in (10, 900, 2000, 50_000):
        answered = box.run_answer(SOURCE, "nest", [depth])
        assert answered.error in (None, "protocol")


def test_code_that_is_no_python_is_an_exception(box: Sandbox) -> None:
    answered = box.run_answer("def f(:", "f", [])
    assert answered.error == "exception"
    assert "not Python" in answered.detail


def test_a_task_sees_an_answers_failure_as_an_exception_that_it_may_catch(box: Sandbox) -> None:
    catching = ASKING.replace(
        "return 1.0 if",
        "try: run_answer(source, name, [])\n        except RuntimeError as e: return 0.25\n        return 1.0 if",
    )
    uncaught, caught = box.score([Job(source, "1", "f:def f(): 1/0") for source in (ASKING, catching)])
    assert uncaught.error == "exception"
    assert "ZeroDivisionError" in uncaught.detail
    assert caught.score == 0.25


def test_an_answer_that_hangs_is_ended_before_the_score_that_asked() -> None:
    with Sandbox.open(SandboxSettings(outer="none", limits=Limits(wall_seconds=2))) as box:
        (outcome,) = box.score([Job(ASKING, "1", "f:import time\ndef f(): time.sleep(60)")])
    assert outcome.error == "exception"
    assert "timeout" in outcome.detail


def test_an_answer_cannot_ask_for_another_answer(box: Sandbox) -> None:
    answered = box.run_answer("def f(): return run_answer('', 'f', [])", "f", [])
    assert "NameError" in answered.detail
