"""The published kind of gibberish judge: a language model reads a few outputs and says whether they are readable.

It is asked at temperature 0. An outage is an error, never a pass. Where its reply holds no verdict, the statistics of the offline judge
decide, and the finding says so.

Source: section 4 of the method.
"""

from collections.abc import Sequence

from acdc.chat.call import Call
from acdc.chat.client import Chat
from acdc.chat.marked import mark, marked, verdict
from acdc.chat.prompt_files import Prompts, sendable
from acdc.errors import NotEnoughDataError
from acdc.judging.gibberish import Finding, GibberishSettings, Output, StatisticJudge
from acdc.numbers.margins import Margins

NO_VERDICT = "no verdict of the judge, by statistics"
_WORDS = ("GIBBERISH", "READABLE")
_SHOWN = 4000  # characters of an output


class LLMGibberishJudge:
    """A :class:`acdc.judging.gibberish.GibberishJudge` behind an endpoint or a transcript."""

    def __init__(self, chat: Chat, settings: GibberishSettings, margins: Margins | None = None) -> None:
        self._chat, self._prompts = chat, Prompts(("gibberish", "gibberish_system"))
        self._statistics = StatisticJudge(settings, margins)

    @property
    def version(self) -> str:
        """Model, hash of the prompts, length of a reply, and the judge behind it."""
        settings = self._chat.settings
        return (
            f"llm-1/{settings.model}/{self._prompts.version}/{settings.max_tokens}/{self._statistics.version}"
        )

    def judge(self, individuals: Sequence[Sequence[Output]]) -> list[Finding]:
        """One finding for each individual, in order; see the protocol."""
        if not all(individuals):
            raise NotEnoughDataError(
                "An individual without outputs cannot be judged; it must answer at least one task."
            )
        replies = self._chat.ask([self._call(outputs) for outputs in individuals])
        return [
            self._finding(reply.text, outputs) for reply, outputs in zip(replies, individuals, strict=True)
        ]

    def _finding(self, reply: str, outputs: Sequence[Output]) -> Finding:
        word = verdict(reply, _mark(outputs), _WORDS)
        if word is None:
            instead = self._statistics.judge([outputs])[0]
            return instead._replace(reason=f"{NO_VERDICT}: {instead.reason}")
        return Finding(word == "GIBBERISH", " ".join(reply.split("\n")[0].split())[:300])

    def _call(self, outputs: Sequence[Output]) -> Call:
        sign = _mark(outputs)
        shown = "".join(
            f"Output {number}:\n{marked(output.text[:_SHOWN], sign)}\n"
            for number, output in enumerate(outputs, start=1)
        )
        return Call(
            self._chat.role, sign, self._prompts.version, self._chat.settings.model,
            self._prompts.text("gibberish_system"),
            sendable(self._prompts.text("gibberish", count=len(outputs), mark=sign, outputs=shown)),
            max_tokens=self._chat.settings.max_tokens,
        )  # fmt: skip


def _mark(outputs: Sequence[Output]) -> str:
    return mark(*(output.text for output in outputs))
