"""What a run is about to ask of models behind endpoints: calls, tokens and money, before any of them is asked.

Calls are counted between two bounds. The lower one: every task of the first pool is accepted as it was first written, and whoever is asked for
later ones has none. The upper one: every request needs all its attempts, repairs and questions. Tokens of replies are bounded by ``max_tokens``; those of prompts are estimated from the
prompts themselves and the seed tasks.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from acdc.chat.prompt_files import OURS as PROMPTS
from acdc.chat.settings import EmbeddingEndpointSettings, EndpointSettings, LLMScientistSettings
from acdc.config.evolution import EvolutionSettings
from acdc.preflight.counts import plan
from acdc.tasks.seeds import OURS as SEED_TASKS
from acdc.tasks.seeds import seed_drafts

_CHARS_PER_TOKEN = 4  # of English and Python with today's tokenizers, roughly
_SHOWN = 3000  # characters of a reply or instruction that a repair shows
_TASK_WORDS = 800  # characters of a task without its source: name, description, capability, first example


@dataclass(frozen=True)
class CallPlan:
    """The calls of one run to one role.

    Attributes:
        model: As its endpoint names it.
        least, most: Calls.
        prompt_tokens: About as many tokens of prompts, for the most calls.
        reply_tokens: At most as many tokens of replies.
        money: At most, in the currency of the prices; None where no price is given.
        beyond_budget: Whether the most is more than the budget allows, so that the budget may end the run before.
    """

    model: str
    least: int
    most: int
    prompt_tokens: int
    reply_tokens: int
    money: float | None
    beyond_budget: bool

    def to_json(self) -> dict[str, object]:
        """As a plain mapping."""
        return asdict(self)

    def text(self, role: str) -> str:
        """A line for a person."""
        cost = "" if self.money is None else f", at most {self.money:,.2f} by the prices given"
        over = "; the budget may end the run before" if self.beyond_budget else ""
        return (
            f"  {role} {self.model}: {self.least:,} to {self.most:,} calls, at most {self.reply_tokens:,} tokens of replies and "
            f"about {self.prompt_tokens:,} of prompts{cost}{over}"
        )


def call_plans(
    settings: EvolutionSettings, endpoints: Mapping[str, EndpointSettings], seeds: int = 4
) -> dict[str, CallPlan]:
    """What each role will be asked in one run.

    Args:
        settings: The run's settings.
        endpoints: Who is asked, by role (:func:`acdc.runs.endpoints.endpoints`).
        seeds: How many seed models the family has; they are not judged for gibberish.
    """
    tasks = settings.tasks
    first, many, later = _requests(settings)
    rounds = 1 + tasks.reflections
    asked = tasks.novelty.mode in ("both", "scientist")
    whole = plan(settings, 0, seeds)
    answer = _CHARS_PER_TOKEN * settings.answer_tokens
    shown = settings.gibberish.outputs * min(4000, answer) + _length("gibberish", "gibberish_system")
    counted = {
        "scientist": (2 * first + later, many * (2 * rounds + 2 * asked), _scientists_prompt(endpoints, tasks.inspirations)),
        "gibberish": (0, whole.individuals - seeds, shown),
        "answers": (0, whole.answers + many * (rounds + 1), answer + 2 * _TASK_WORDS + _length("judge", "judge_system")),
        "embedder": (first, many, _TASK_WORDS),
    }  # fmt: skip
    return {
        role: _priced(endpoint, least, most, most * math.ceil(characters / _CHARS_PER_TOKEN))
        for role, endpoint in endpoints.items()
        for least, most, characters in [counted[role]]
    }


def _requests(settings: EvolutionSettings) -> tuple[int, int, int]:
    """Fewest requests for the first pool, most requests of all, and those after the first pool; the seed tasks left out."""
    tasks = settings.tasks
    if tasks.static:
        size = max(tasks.choice_tasks or 0, tasks.cap) / tasks.cap
        return math.ceil(tasks.initial_target * size), math.ceil(tasks.initial_attempts * size), 0
    adapted = settings.generations // tasks.interval * tasks.adapt
    return tasks.initial_target, tasks.initial_attempts + adapted, adapted


def _scientists_prompt(endpoints: Mapping[str, EndpointSettings], inspirations: int) -> float:
    """Characters of a call, the mean of a first draft, a repair, a solution and a question for novelty."""
    scientist = endpoints.get("scientist")
    folder: Path | None = scientist.seed_tasks if isinstance(scientist, LLMScientistSettings) else None
    drafts = seed_drafts(folder or SEED_TASKS)
    source = sum(len(draft.source) for draft in drafts) / len(drafts)
    rules = _length("system", "standard", "reply_format")
    write = rules + _length("novel", "task") + source + (1 + inspirations) * _TASK_WORDS
    repair = rules + _length("reflect") + source + _SHOWN
    solve = _length("solve", "solve_system") + _TASK_WORDS
    return (write + repair + 2 * solve) / 4


def _length(*names: str) -> int:
    return sum(len((PROMPTS / f"{name}.txt").read_text("utf-8")) for name in names)


def _priced(endpoint: EndpointSettings, least: int, most: int, prompt_tokens: int) -> CallPlan:
    replies = 0 if isinstance(endpoint, EmbeddingEndpointSettings) else most * endpoint.max_tokens
    priced = endpoint.price_in or endpoint.price_out
    money = (prompt_tokens * endpoint.price_in + replies * endpoint.price_out) / 1e6 if priced else None
    beyond = (endpoint.budget_tokens is not None and prompt_tokens + replies > endpoint.budget_tokens) or (
        endpoint.budget_money is not None and money is not None and money > endpoint.budget_money
    )
    return CallPlan(endpoint.model, least, most, prompt_tokens, replies, money, beyond)
