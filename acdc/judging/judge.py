"""The judge of free answers: does a submission meet the criteria? A language model says so, at temperature 0.

The submission is data: each of its lines stands behind a mark that its author could not know (:mod:`acdc.chat.marked`), and only the
judge's last line, with that mark, is a verdict. So no submission can forge the format, whatever the judge repeats of it. That a model
may be talked into a verdict of its own is another matter: that can only be measured.

An outage and a reply without a verdict are *missing*, never a pass and never a fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from acdc.chat.call import Call
from acdc.chat.client import Chat
from acdc.chat.marked import mark, marked, verdict
from acdc.chat.prompt_files import Prompts, sendable

_WORDS = ("PASS", "FAIL")
_LONGEST = 20_000  # characters of a submission; a longer one fails unread


@dataclass(frozen=True)
class Question:
    """What is to be judged.

    Attributes:
        id: Names it in the transcript.
        instructions: What was asked.
        submission: The answer, of which nothing is believed.
        criteria: When an answer passes.
    """

    id: str
    instructions: str
    submission: str
    criteria: str


class Judge:
    """Asks a model for verdicts."""

    def __init__(self, chat: Chat) -> None:
        self._chat, self._prompts = chat, Prompts(("judge", "judge_system"))

    @property
    def version(self) -> str:
        """Model, hash of the prompts, length of a reply; goes into the settings hash."""
        settings = self._chat.settings
        return f"judge-1/{settings.model}/{self._prompts.version}/{settings.max_tokens}"

    def judge(
        self, questions: Sequence[Question], *, outage_is_missing: bool = True
    ) -> list[Literal["pass", "fail"] | None]:
        """One verdict for each question, in order; None is missing.

        Args:
            questions: What is to be judged.
            outage_is_missing: Whether an endpoint out of reach is a missing verdict; if not, it is raised.

        Raises:
            InfrastructureError: The key, the address or the model is wrong, or the budget is spent.
        """
        calls = [self._call(one) for one in questions if len(one.submission) <= _LONGEST]
        replies = iter(self._chat.ask_each(calls) if outage_is_missing else self._chat.ask(calls))
        verdicts: list[Literal["pass", "fail"] | None] = []
        for one in questions:
            if len(one.submission) > _LONGEST:
                verdicts.append("fail")
                continue
            reply = next(replies)
            word = None if reply is None else verdict(reply.text, _mark(one), _WORDS)
            verdicts.append(None if word is None else "pass" if word == "PASS" else "fail")
        return verdicts

    def _call(self, question: Question) -> Call:
        sign = _mark(question)
        user = self._prompts.text(
            "judge",
            mark=sign,
            instructions=marked(question.instructions, f"{sign}-Q"),
            criteria=marked(question.criteria, f"{sign}-C"),
            submission=marked(question.submission, f"{sign}-A"),
        )
        return Call(
            self._chat.role, question.id, self._prompts.version, self._chat.settings.model,
            self._prompts.text("judge_system"), sendable(user), max_tokens=self._chat.settings.max_tokens,
        )  # fmt: skip


def _mark(question: Question) -> str:
    return mark(question.instructions, question.criteria, question.submission)
