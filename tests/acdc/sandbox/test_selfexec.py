import ast

import pytest

from acdc.sandbox.inside.selfexec import defines_task_family, self_executing

FAMILY = """
import re, ast, math
PATTERN = re.compile("x")
def helper(text):
    {helper}
class TaskFamily:
    @staticmethod
    def get_tasks():
        return {{"1": {{"value": eval("1 + 1")}}}}
    @staticmethod
    def score(t, submission):
        {score}
"""


def found(score: str, helper: str = "return 1.0") -> str | None:
    return self_executing(ast.parse(FAMILY.format(score=score, helper=helper)))


@pytest.mark.parametrize(
    "score",
    [
        "return eval(submission)",
        "exec(submission); return 1.0",
        "return compile(submission, 'x', 'eval')",
        "run = eval; return run(submission)",
        "import builtins; return builtins.eval(submission)",
        "return __builtins__['eval'](submission)",
        "return getattr(re, 'eval')(submission)",
        "return __import__('builtins')",
        "return (lambda text: eval(text))(submission)",
    ],
)
def test_a_score_that_executes_is_found(score: str) -> None:
    assert found(score)


def test_a_score_that_executes_through_a_helper_is_found() -> None:
    assert found("return helper(submission)", "return eval(text)")


def test_a_score_that_executes_through_another_name_is_found() -> None:
    source = "from builtins import eval as harmless\n" + FAMILY.format(
        score="return harmless(submission)", helper="pass"
    )
    assert self_executing(ast.parse(source))


@pytest.mark.parametrize(
    "score",
    [
        "return float(bool(PATTERN.match(submission)))",
        "return float(re.compile(t['x']).match(submission) is not None)",
        "return float(ast.literal_eval(submission) == 1)",
        "return run_answer(submission, 'f', [1])",
        "return helper(submission)",
    ],
)
def test_a_score_that_does_not_execute_is_left_alone(score: str) -> None:
    assert found(score) is None


def test_what_only_get_tasks_evaluates_is_the_authors_own() -> None:
    assert found("return 1.0") is None


@pytest.mark.parametrize(
    ("source", "defines"),
    [
        ("class TaskFamily: pass", True),
        ("if True:\n    class TaskFamily: pass", True),
        ("TaskFamily = type('TaskFamily', (), {})", True),
        ("def f():\n    class TaskFamily: pass", False),
        ("TaskFamily()", False),
        ("", False),
    ],
)
def test_a_task_family_is_a_name_bound_at_the_top(source: str, defines: bool) -> None:
    assert defines_task_family(ast.parse(source)) is defines
