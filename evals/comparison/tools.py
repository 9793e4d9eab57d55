"""Judge, reward model and questions as the settings name them; opened for a comparison, closed after it."""

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.chat.client import Chat
from acdc.chat.preflight import require_served
from acdc.errors import InputError
from evals.answering.api_ledger import ApiLedger
from evals.answering.api_model import not_run
from evals.best_of_n.judge_rounds import asking
from evals.best_of_n.reward_model import RewardModel, Rewards
from evals.best_of_n.settings import BestOfNSettings
from evals.comparison.selection import Tools
from evals.settings import EvaluationSettings

if TYPE_CHECKING:
    from acdc.storage.layout import Layout

ROLE = "best of n"


@contextlib.contextmanager
def opened(settings: BestOfNSettings, asked: EvaluationSettings, layout: "Layout") -> Iterator[Tools]:
    """What ways to choose need, as far as the settings have it.

    Args:
        settings: The section `best_of_n`.
        asked: Where questions come from.
        layout: The judge's replies are kept below its cache, without its prompts.

    Raises:
        InputError: The reward model is not there, or none.
        InfrastructureError: The judge is out of reach.
    """
    rewards = None if settings.reward_model is None else _rewards(settings.reward_model)
    questions = functools.partial(questions_of, asked)
    no_judge = "" if settings.judge is None else not_run(settings.judge)
    if settings.judge is None or no_judge:
        yield Tools(no_judge=no_judge or Tools.no_judge, rewards=rewards, questions=questions)
        return
    require_served(settings.judge)
    ledger = ApiLedger(layout.cache() / "api.sqlite")
    before = ledger.total(ROLE).calls
    try:
        with Chat(ROLE, settings.judge, ledger) as chat:
            yield Tools(
                asking(chat),
                judge_model=settings.judge.model,
                asked=lambda: ledger.total(ROLE).calls - before,
                rewards=rewards,
                questions=questions,
            )
    finally:
        ledger.close()


def questions_of(asked: EvaluationSettings, benchmark: str) -> Mapping[str, str]:
    """A benchmark's questions by id, as models read them but without a chat template."""
    from evals.answering.group_benchmark_run import open_benchmark_run
    from evals.benchmarks.registry import find

    # One that the settings name by its file goes by the file's name in results.
    named = next((name for name in asked.benchmarks if Path(name).stem == benchmark), benchmark)
    found = find(
        asked.suite,
        [named],
        seed=asked.seed,
        questions=asked.questions,
        data=asked.data,
        filters=asked.filters,
    )
    benchmark_run = open_benchmark_run(found[0], _turns, "a judge")
    return {question.id: question.prompt for question in benchmark_run.questions}


def _turns(user: str, system: str = "") -> str:
    return f"{system}\n\n{user}" if system else user


def _rewards(directory: Path) -> Rewards:
    """The reward model; the same reply to the same question is rated once."""
    if not directory.is_dir():
        raise InputError(
            f"best_of_n.reward_model: {directory} is no directory; name a sequence-classification checkpoint"
        )
    model = RewardModel(directory)

    @functools.cache
    def one(question: str, reply: str) -> float:
        return model(question, [reply])[0]

    def rewards(question: str, replies: Sequence[str]) -> list[float]:
        return [one(question, reply) for reply in replies]

    return rewards
