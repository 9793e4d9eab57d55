"""Does a question make sense without its options? A rule on its words settles clear cases; the rest is for a judge model.

The rule looks for questions that cannot be answered without options: a question that speaks of options as such, that asks for the true, the false
or the odd one "of the following", or for one of several sentences; a right option that speaks of the others ("none of the above"); a text
that asks nothing once they are gone. It lets pass what only looks so ("Which of the following describes ...?" may well have one answer), and it does
not see a question that is merely too wide.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from acdc.chat.call import Call
from acdc.chat.client import Chat
from acdc.chat.marked import mark, marked, verdict
from acdc.chat.prompt_files import Prompts, sendable
from evals.benchmarks.judge.open_form import OpenForm

RULE_VERSION = 1
_PROMPTS = Path(__file__).parent / "prompts"
_WORDS = ("NEEDS", "STANDS")
_TRUE = "true|false|correct|incorrect|right|wrong|untrue|accurate|inaccurate|valid|invalid"
_SPEAKS_OF_OPTIONS = re.compile(
    r"\b(?:options|choices|alternatives|answers) (?:below|above|given|listed)\b"
    r"|\b(?:which|what|who) (?:one )?of (?:these|those)\b"
    r"|\bof the following (?:statements?|sentences?|assertions?|claims?|pairs?|combinations?|lists?)\b"
    rf"|\bof the following (?:\w+ ){{0,3}}?(?:is|are|was|were|must be|would be) (?:\w+ ){{0,2}}?(?:{_TRUE})\b"
    r"|\bof the following\b.*\b(?:not|except|least)\b"
    r"|\bwhich (?:\w+ )?(?:sentence|statement|option|assertion|translation|pair|list|passage)s?\b"
    r"|\bsimilar to\b.*:$",
    re.IGNORECASE | re.DOTALL,
)
_ODD_ONE = re.compile(r"\bEXCEPT\b|\bLEAST\b|\bNOT\b")  # as examinations print it
_SPEAKS_OF_OTHERS = re.compile(
    r"^\W*(?:all|none|both|neither|any|either|some|two|more than one) of (?:the (?:above|below|other)|these|those|them|above|below)"
    r"|^\W*(?:none|all) (?:above|apply)\b"
    r"|^\W*(?:both |either |neither )?\(?[A-J]\)? ?(?:and|or|nor|&) ?\(?[A-J]\)?(?: only| are (?:true|correct))?\W*$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:^|[.!:;,\n]\s*|\b(?:then|and|to|please) )(?:find|calculate|compute|determine|evaluate|give|list|name|solve|state|describe|explain"
    r"|identify|define|estimate|express|simplify|sort|complete|derive|factor|convert|suggest|predict|write|discuss|trace|prove|show)\b"
    r"|\b(?:what|when|where|who|whom|why|how)\b|_{2,}",
    re.IGNORECASE,
)


def rule(form: OpenForm) -> bool | None:
    """Whether the question's words say that it needs its options (True), or has none (False); None where they don't settle it."""
    if not form.options:
        return False
    if not form.question or _SPEAKS_OF_OPTIONS.search(form.question) or _ODD_ONE.search(form.question):
        return True
    if _SPEAKS_OF_OTHERS.search(form.answer):
        return True
    ends = form.question.endswith((".", "!", '"', "\u201d"))
    return True if ends and "?" not in form.question and not _ASKS.search(form.question) else None


class OptionJudge:
    """Asks a language model, at temperature 0, whether questions need their options.

    Args:
        chat: The endpoint.
    """

    def __init__(self, chat: Chat) -> None:
        self._chat, self._prompts = chat, prompts()

    def judge(self, forms: Sequence[OpenForm]) -> list[bool | None]:
        """For each question in order whether it needs its options; None where there was no verdict or no reply.

        Raises:
            InfrastructureError: The key, the address or the model is wrong, or the budget is spent.
        """
        replies = self._chat.ask_each([self._call(form) for form in forms])
        words = [
            None if reply is None else verdict(reply.text, _sign(form), _WORDS)
            for form, reply in zip(forms, replies, strict=True)
        ]
        return [None if word is None else word == "NEEDS" for word in words]

    def _call(self, form: OpenForm) -> Call:
        sign, settings = _sign(form), self._chat.settings
        user = self._prompts.text(
            "needs_options",
            mark=sign,
            question=marked(form.question, f"{sign}-Q"),
            answer=marked(form.answer, f"{sign}-A"),
            options=marked("\n".join(form.options), f"{sign}-O"),
        )
        system = self._prompts.text("needs_options_system")
        return Call(
            self._chat.role, sign, self._prompts.version, settings.model, system, sendable(user), max_tokens=settings.max_tokens
        )  # fmt: skip


def prompts() -> Prompts:
    """What the judge model is asked."""
    return Prompts(("needs_options", "needs_options_system"), _PROMPTS)


def _sign(form: OpenForm) -> str:
    return mark(form.question, form.answer, *form.options)
