"""Pass, fail, or error: what became of a submission, and whose fault it was (section 1 of the method, "Whose fault").

The answer's: `score` works on the reference but raises, times out or exceeds a limit on this submission; that is a fail.
The task's: it fails on its reference too, or gives no number in [0, 1]; the task is to be retired.
Ours: there is no outcome, because something of ours failed, or the judge that `score` asked for gave no verdict; the cell is missing.
"""

import math
from dataclasses import dataclass
from typing import Literal

from acdc.sandbox.outcome import ErrorName, Outcome

PASS_MARK = 0.5
NO_ANSWER_JUDGE = "score asks for a judgement, and this run has no judge of answers: judges.answers names one"


@dataclass(frozen=True)
class Verdict:
    """What became of a submission.

    Attributes:
        verdict: "error" means that nothing is known about the answer.
        cause: Whose fault an error was; None where there was none, and a submission that was scored low has None too.
        error: What stopped the score, or None; also None where `score` returned what is no score.
        score: In [0, 1], or None.
        detail: For a person.
    """

    verdict: Literal["pass", "fail", "error"]
    cause: Literal["answer", "task", "infrastructure"] | None
    error: ErrorName | None
    score: float | None
    detail: str = ""


def judge(
    outcome: Outcome | None, reference: Outcome | None = None, *, pass_mark: float = PASS_MARK
) -> Verdict:
    """Says what became of a submission.

    Args:
        outcome: What the sandbox made of it; None if the sandbox, the engine or the judge failed.
        reference: What the sandbox made of the task's own accepted solution; None if there is none, or ours is the failure.
        pass_mark: Score from which on a submission passes.

    Returns:
        The verdict. Without a reference nothing speaks for the task, so every error is its own.
    """
    if outcome is None:
        return Verdict("error", "infrastructure", None, None, "no outcome")
    if outcome.error == "judge":
        return Verdict("error", "infrastructure", "judge", None, outcome.detail)
    if outcome.error is None:
        wrong = no_score(outcome)
        if wrong:
            return Verdict("error", "task", None, None, wrong)
        assert outcome.score is not None
        return Verdict(
            "pass" if outcome.score >= pass_mark else "fail", None, None, outcome.score, outcome.detail
        )
    if outcome.error != "refused" and works(reference):
        return Verdict("fail", "answer", outcome.error, None, outcome.detail)
    return Verdict("error", "task", outcome.error, None, outcome.detail)


def works(reference: Outcome | None) -> bool:
    """Whether `score` came through the reference with a score, whatever it was."""
    return reference is not None and reference.error is None and not no_score(reference)


def no_score(outcome: Outcome) -> str:
    """Says why what `score` returned is no score; empty if it is one."""
    if outcome.request is not None:
        return NO_ANSWER_JUDGE
    if outcome.score is None:
        return outcome.detail or "score returned None"
    if not math.isfinite(outcome.score):
        return f"score returned {outcome.score}"
    return "" if 0 <= outcome.score <= 1 else f"score returned {outcome.score:g}, which is outside [0, 1]"
