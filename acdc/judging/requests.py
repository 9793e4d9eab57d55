"""What a submission scores, and which part decides: the task's own code in the sandbox, or the judge that this code asks for.

`score` of a task may return a request (instructions, submission, criteria) in place of a number. The request is data that
untrusted code made; here, on the trusted side, the judge of answers is asked, and its verdict takes the number's place: pass
is 1, fail is 0. A verdict that does not come is the error "judge", which is our fault. Without a judge a request
stays as it is, and is no score.

Source: section 4 of the method, last line; whose fault: section 1.
"""

from collections.abc import Sequence
from typing import TypeVar

from acdc.judging.judge import Judge, Question
from acdc.sandbox import Outcome

_FIELDS = ("instructions", "submission", "criteria")
_SCORES = {"pass": 1.0, "fail": 0.0}
_SILENT = Outcome(None, "judge", "the judge of answers is out of reach or gave no verdict")
Some = TypeVar("Some", Outcome, Outcome | None)


def judged(
    outcomes: Sequence[Some], labels: Sequence[str], judge: Judge | None, *, outage_is_missing: bool
) -> list[Some]:
    """Outcomes of the sandbox with every request answered.

    Args:
        outcomes: What the sandbox made of submissions; None where it failed.
        labels: What to call a request in the transcript, one for each outcome.
        judge: Who judges; None: requests stay.
        outage_is_missing: Whether a judge out of reach leaves the error "judge"; if not, the outage is raised.

    Raises:
        InfrastructureError: The judge's key, address or model is wrong, its budget is spent, or it is out of reach.
    """
    asked = {
        place: Question(label, *(getattr(outcome.request, name) for name in _FIELDS))
        for place, (outcome, label) in enumerate(zip(outcomes, labels, strict=True))
        if outcome is not None and outcome.request is not None
    }
    if judge is None or not asked:
        return list(outcomes)
    verdicts = judge.judge(list(asked.values()), outage_is_missing=outage_is_missing)
    said = {
        place: _SILENT if word is None else Outcome(_SCORES[word], detail=f"judged: {word}")
        for place, word in zip(asked, verdicts, strict=True)
    }
    return [said.get(place, outcome) for place, outcome in enumerate(outcomes)]
