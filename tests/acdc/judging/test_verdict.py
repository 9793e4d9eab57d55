"""Whose fault: section 1 of the method, case by case."""

import pytest

from acdc.judging.verdict import Verdict, judge
from acdc.sandbox import Outcome

WORKS = Outcome(1.0)
ERRORS = ("timeout", "memory", "killed", "output", "exception", "protocol")


@pytest.mark.parametrize(("score", "verdict"), [(1.0, "pass"), (0.5, "pass"), (0.49, "fail"), (0.0, "fail")])
def test_a_score_from_one_half_on_is_a_pass(score: float, verdict: str) -> None:
    assert judge(Outcome(score)) == Verdict(verdict, None, None, score)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_the_answers_where_score_works_on_the_reference(error: str) -> None:
    outcome = Outcome(None, error, "why")  # type: ignore[arg-type]
    assert judge(outcome, WORKS) == Verdict("fail", "answer", error, None, "why")  # type: ignore[arg-type]
    assert judge(outcome, Outcome(0.0)).cause == "answer"


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    "reference", [None, Outcome(None, "exception"), Outcome(None), Outcome(7.0), Outcome(float("nan"))]
)
def test_an_error_is_the_tasks_where_the_reference_does_not_come_through(
    error: str, reference: Outcome | None
) -> None:
    verdict = judge(Outcome(None, error), reference)  # type: ignore[arg-type]
    assert (verdict.verdict, verdict.cause, verdict.error) == ("error", "task", error)


@pytest.mark.parametrize("score", [None, 7.0, -0.1, 1.0001, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_score_is_the_tasks_fault_whatever_the_reference(score: float | None) -> None:
    verdict = judge(Outcome(score), WORKS)
    assert (verdict.verdict, verdict.cause, verdict.error, verdict.score) == ("error", "task", None, None)
    assert verdict.detail


def test_a_refused_task_is_at_fault_itself() -> None:
    assert judge(Outcome(None, "refused"), WORKS).cause == "task"


def test_no_outcome_is_ours() -> None:
    verdict = judge(None, WORKS)
    assert (verdict.verdict, verdict.cause) == ("error", "infrastructure")
