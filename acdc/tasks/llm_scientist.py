"""A language model as the scientist: it writes, adapts, repairs and solves task families, and says what is interestingly new.

Prompts are our own text (``prompts/*.txt``). Every call carries a seed from the key of its request, so equal words asked for two tasks
are two calls, and a run that is taken up again asks what it would have asked. Writing and solving are sampled; judgements are greedy.

Source: section 4 of the method; arXiv:2604.14969v1, section 3 (published: Qwen2.5-72B-Instruct, T 0.7, top-p 0.95, 2000 tokens).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property

from acdc.chat.call import Call, Reply
from acdc.chat.client import Chat
from acdc.chat.prompt_files import Prompts, sendable
from acdc.chat.settings import LLMScientistSettings
from acdc.numbers.digits import in_percent
from acdc.tasks.draft_reply import draft_of, truth_of
from acdc.tasks.scientist import Draft, Judgement, Rejection, Request, Unfinished
from acdc.tasks.seeds import OURS, seed_drafts
from acdc.tasks.task_family import TaskFamily

_PROMPTS = (
    "system", "standard", "reply_format", "task", "inspiration", "novel", "similar", "related", "free", "harder", "easier",
    "reflect", "solve", "solve_system", "interesting", "schema_task", "schema_interesting",
)  # fmt: skip
_JUDGED = "standard_judge"  # what a run with a judge of answers adds to the standard
_SHOWN = 3000  # characters of an instruction or a reply that are shown in another prompt


class LLMScientist:
    """A :class:`acdc.tasks.scientist.Scientist` behind an endpoint or a transcript.

    Args:
        chat: Who is asked.
        settings: Model and sampling.
        reflections: Rounds of repair, which the prompts mention.
        judged: Whether there is a judge, so that ``score`` may ask for a judgement.
    """

    def __init__(
        self, chat: Chat, settings: LLMScientistSettings, reflections: int = 3, *, judged: bool = False
    ) -> None:
        self._chat, self._settings, self._reflections, self._judged_too = chat, settings, reflections, judged
        self._prompts = Prompts((*_PROMPTS, _JUDGED) if judged else _PROMPTS)

    @cached_property
    def version(self) -> str:
        """Model, hash of the prompts, hash of seed tasks and sampling."""
        content = json.dumps(
            [self._settings.identity(), [asdict(seed) for seed in self.seeds()]], sort_keys=True
        )
        digest = hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
        return f"llm-1/{self._settings.model}/{self._prompts.version}/{digest}"

    def seeds(self) -> list[Draft]:
        """The seed tasks of the project, or of the folder that the settings name."""
        return seed_drafts(self._settings.seed_tasks or OURS)

    def propose(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        """*novel*: another capability than parent and inspirations; *similar*: the parent's, in another setting."""
        return self._written(requests)

    def adapt(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        """*harder*, *easier*, *related*, *free*; rejected where it says that there is none."""
        return self._written(requests)

    def solve(self, tasks: Sequence[Unfinished]) -> list[str]:
        """Its replies to the first examples; it sees what any individual sees."""
        calls = [
            self._call(
                f"{task.request.id}/solve/{task.round}",
                task.request.key,
                self._prompts.text("solve", instructions=task.instructions),
                system="solve_system",
                schema="",
            )
            for task in tasks
        ]
        return [reply.text for reply in self._chat.ask(calls)]

    def reflect(self, tasks: Sequence[Unfinished]) -> list[Draft | Rejection]:
        """Drafts repaired after what the sandbox said."""
        calls = [
            self._call(f"{task.request.id}/reflect/{task.round + 1}", task.request.key, self._repair(task))
            for task in tasks
        ]
        replies = self._chat.ask(calls)
        return [draft_of(reply, task.request, task.draft) for reply, task in zip(replies, tasks, strict=True)]

    def is_interesting(self, judgements: Sequence[Judgement]) -> list[bool]:
        """Whether each candidate is interestingly new. Who gives no readable answer twice has not said so: no."""
        answers: dict[int, bool] = {}
        for attempt in (0, 1):
            open_ = [i for i in range(len(judgements)) if i not in answers]
            for i, reply in zip(open_, self._judged([judgements[i] for i in open_], attempt), strict=True):
                answer = truth_of(reply, "interesting")
                if answer is not None or attempt:
                    answers[i] = answer is True
        return [answers[i] for i in range(len(judgements))]

    def _judged(self, judgements: Sequence[Judgement], attempt: int) -> list[Reply]:
        calls = [
            self._call(
                f"{one.candidate.id}/interesting/{attempt}",
                one.key + attempt,
                self._prompts.text(
                    "interesting",
                    name=one.candidate.name,
                    description=one.candidate.description,
                    capability=one.candidate.capability,
                    difficulty=one.candidate.difficulty,
                    instruction=one.candidate.example_instruction[:_SHOWN],
                    neighbours=self._inspirations(one.neighbours),
                ),
                schema="schema_interesting",
                temperature=0.0 if attempt == 0 else self._settings.temperature,
            )
            for one in judgements
        ]
        return self._chat.ask(calls)

    def _written(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        calls = [
            self._call(
                f"{one.id}/{one.kind}",
                one.key,
                self._prompts.text(
                    one.kind,
                    standard=self._standard(),
                    reply_format=self._prompts.text("reply_format"),
                    parent=self._parent(one),
                    inspirations=self._inspirations(one.inspirations),
                ),
            )
            for one in requests
        ]
        return [draft_of(reply, one) for reply, one in zip(self._chat.ask(calls), requests, strict=True)]

    def _standard(self) -> str:
        extra = self._prompts.text(_JUDGED) if self._judged_too else ""
        return self._prompts.text("standard") + extra

    def _repair(self, task: Unfinished) -> str:
        draft = task.draft
        return self._prompts.text(
            "reflect",
            standard=self._standard(),
            reply_format=self._prompts.text("reply_format"),
            name=draft.name,
            description=draft.description,
            capability=draft.capability,
            difficulty=draft.difficulty,
            is_code=str(draft.is_code).lower(),
            source=draft.source,
            instructions=task.instructions[:_SHOWN] or "(nothing: it did not run)",
            solution=(draft.solution or "")[:_SHOWN] or "(you were not asked: it did not run)",
            feedback=task.feedback[:_SHOWN],
            round=task.round + 1,
            rounds=self._reflections,
        )

    def _parent(self, request: Request) -> str:
        parent, rate = request.parent, request.parent_pass_rate
        if parent is None:
            return "(none)\n"
        return self._prompts.text(
            "task",
            name=parent.name,
            description=parent.description,
            capability=parent.capability,
            difficulty=parent.difficulty,
            rate="not measured" if rate is None else f"{in_percent(rate, 0)}%",
            source=parent.source,
        )

    def _inspirations(self, tasks: Sequence[TaskFamily]) -> str:
        shown = [
            self._prompts.text(
                "inspiration",
                name=one.name,
                description=one.description,
                capability=one.capability,
                instruction=" ".join(one.example_instruction.split())[:400],
            )
            for one in tasks
        ]
        return "".join(shown) or "(none)\n"

    def _call(
        self,
        label: str,
        key: int,
        user: str,
        *,
        system: str = "system",
        schema: str = "schema_task",
        temperature: float | None = None,
    ) -> Call:
        settings = self._settings
        return Call(
            role=self._chat.role,
            label=label,
            prompt=self._prompts.version,
            model=settings.model,
            system=self._prompts.text(system),
            user=sendable(user),
            temperature=settings.temperature if temperature is None else temperature,
            top_p=settings.top_p if temperature is None else 1.0,
            max_tokens=settings.max_tokens,
            structured=bool(schema) and settings.structured,
            schema=self._prompts.text(schema) if schema else "",
            seed=key & 0x7FFFFFFF,
        )
