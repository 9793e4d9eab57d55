"""Open answers and their judge: what a judge model is asked about a reply, and how replies become verdicts.

The judge sees the question, the reference answer and the whole reply (:mod:`acdc.judging.judge`). A reply that holds nothing is wrong
unasked; a reply without a verdict ("maybe", an outage) is missing, which is neither right nor wrong.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Literal

from acdc.chat.client import Chat
from acdc.errors import InputError
from acdc.judging.judge import Judge, Question
from evals.answering.answer_cache import AnswerCache, Verdict, judgement_key

if TYPE_CHECKING:
    from acdc.chat.settings import JudgeSettings

Said = Literal["pass", "fail"] | None
_BATCH = 64  # verdicts that a kill can lose
_CRITERIA = Path(__file__).parents[1] / "benchmarks" / "judge" / "prompts" / "criteria.txt"


def asked(id: str, question: str, target: str, reply: str) -> Question:
    """What the judge is asked about a reply."""
    criteria = Template(_CRITERIA.read_text("utf-8")).substitute(target=target)
    return Question(id, question, reply, criteria)


def verdicts(judge: Judge, cache: AnswerCache | None, questions: Sequence[Question]) -> dict[Question, Said]:
    """Verdicts from the cache, else from the judge, kept batch by batch.

    Args:
        judge: Who is asked.
        cache: Of answers and verdicts; None keeps nothing.
        questions: Equal ones are asked once.

    Returns:
        For each question "pass", "fail", or None: missing. A missing verdict is not kept; it is asked again next time.

    Raises:
        InfrastructureError: The judge refuses: its key, its address, its model or its budget is to be fixed.
    """
    said: dict[Question, Said] = {one: "fail" for one in questions if not one.submission.strip("\0 \t\r\n")}
    keys = {
        one: judgement_key(judge.version, one.instructions, one.submission, one.criteria)
        for one in questions
        if one not in said
    }
    known = {} if cache is None else cache.verdicts(list(set(keys.values())))
    said |= {one: "pass" if known[key].correct else "fail" for one, key in keys.items() if key in known}
    open_ = [one for one in keys if one not in said]
    for first in range(0, len(open_), _BATCH):
        batch = open_[first : first + _BATCH]
        came = dict(zip(batch, judge.judge(batch), strict=True))
        if cache is not None:
            cache.put_verdicts(
                (keys[one], Verdict(word == "pass", None)) for one, word in came.items() if word
            )
        said |= came
    return said


@contextlib.contextmanager
def opened_judge(settings: "JudgeSettings") -> Iterator[Judge]:
    """A judge of answers. No transcript is kept: benchmarks that may not be published are judged too."""
    with Chat("judge", settings) as chat:
        yield Judge(chat)


def require_judge(settings: "JudgeSettings | None", benchmarks: Sequence[str]) -> "JudgeSettings":
    """The judge of answers.

    Raises:
        InputError: No judge is named.
    """
    if settings is None:
        raise InputError(
            f"{', '.join(benchmarks)}: open answers need a judge; name it in judges.answers (base_url and model)"
        )
    return settings


def require_served_judge(settings: "JudgeSettings | None") -> None:
    """Check the judge's endpoint before anything is answered. Raises InfrastructureError with what to fix."""
    if settings is not None:
        from acdc.chat.preflight import require_served

        require_served(settings)


def shared(settings: "JudgeSettings", workers: int) -> "JudgeSettings":
    """A judge's limits for one of several processes: its share of budget and sockets, so that together they keep to them."""
    tokens, money = settings.budget_tokens, settings.budget_money
    return settings.model_copy(
        update={
            "concurrency": max(1, settings.concurrency // workers),
            "budget_tokens": None if tokens is None else max(1, tokens // workers),
            "budget_money": None if money is None else money / workers,
        }
    )
