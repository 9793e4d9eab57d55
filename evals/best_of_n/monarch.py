"""Monarch: one judge call over all answers, numbered in an order drawn anew for each question."""

import numpy as np

from evals.best_of_n.judge_replies import number
from evals.best_of_n.prompts import filled, shown
from evals.best_of_n.selector import Candidates, Choice, Judge


def select(candidates: Candidates, rng: np.random.Generator, judge: Judge) -> Choice:
    """The judge's choice; without a verdict one answer is drawn."""
    count = len(candidates.replies)
    if count == 1:
        return Choice(0)
    order = rng.permutation(count)
    answers = "\n\n".join(
        f"--- Answer {place} ---\n{shown(candidates.replies[index])}" for place, index in enumerate(order, 1)
    )
    before = judge.calls, judge.unparsable
    chosen = judge.verdict(
        filled("monarch", question=candidates.question, answers=answers, count=str(count)),
        lambda reply: number(reply, "Best", 1, count),
    )
    place = int(rng.integers(count)) if chosen is None else chosen - 1
    return Choice(
        int(order[place]), judge.calls - before[0], judge.unparsable - before[1], drawn=chosen is None
    )
