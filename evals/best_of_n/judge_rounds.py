"""A judge that is asked in rounds: every question of every method at once, instead of one prompt after another.

A selector asks its judge one prompt at a time and needs the reply before the next. Here it is run until it asks what nobody has answered
yet; all those prompts are asked together, and it is run again from the start with the same random stream, so it asks the same. A
tournament of eight takes seven rounds, whatever the number of questions.
"""

import hashlib
from collections.abc import Callable, Sequence

from acdc.chat.call import Call
from acdc.chat.client import Chat
from acdc.chat.prompt_files import sendable
from evals.best_of_n.selector import Judge

Task = Callable[[Judge], object]


class _Unknown(Exception):  # noqa: N818 - no error: a reply that is still to be asked for
    """A prompt without a reply."""

    def __init__(self, prompt: str) -> None:
        super().__init__(prompt)
        self.prompt = prompt


class Rounds:
    """Replies of one judge, each prompt asked once.

    Args:
        ask: All prompts of a round to their replies, in order.

    Attributes:
        replies: By prompt.
    """

    def __init__(self, ask: Callable[[Sequence[str]], Sequence[str]]) -> None:
        self._ask = ask
        self.replies: dict[str, str] = {}

    def settle(self, tasks: Sequence[Task]) -> None:
        """Ask until no task wants a reply that is not there; `judge` then has them all.

        Args:
            tasks: Each is called with a judge, several times, and must ask the same each time.

        Raises:
            InfrastructureError: The judge is out of reach; what it said is kept.
        """
        open_ = list(tasks)
        while open_:
            waiting: dict[int, str] = {}
            for place, task in enumerate(open_):
                try:
                    task(self.judge())
                except _Unknown as unknown:
                    waiting[place] = unknown.prompt
            prompts = list(dict.fromkeys(waiting.values()))
            if prompts:
                self.replies.update(zip(prompts, self._ask(prompts), strict=True))
            open_ = [open_[place] for place in waiting]

    def judge(self) -> Judge:
        """A judge that knows the replies so far, and counts for one selection."""
        return Judge(self._known)

    def _known(self, prompt: str) -> str:
        if prompt not in self.replies:
            raise _Unknown(prompt)
        return self.replies[prompt]


def asking(chat: Chat) -> Callable[[Sequence[str]], Sequence[str]]:
    """A language model as the judge, at temperature 0; as many calls at a time as its settings allow."""

    def ask(prompts: Sequence[str]) -> list[str]:
        calls = [
            Call(
                chat.role,
                hashlib.blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest(),
                "",
                chat.settings.model,
                "",
                sendable(prompt),
                max_tokens=chat.settings.max_tokens,
            )
            for prompt in prompts
        ]
        return [reply.text for reply in chat.ask(calls)]

    return ask
