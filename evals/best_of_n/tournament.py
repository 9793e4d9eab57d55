"""Tournament: pairwise knock-out in an order that is drawn; N − 1 comparisons."""

import numpy as np

from evals.best_of_n.judge_replies import last_line
from evals.best_of_n.prompts import filled, shown
from evals.best_of_n.selector import Candidates, Choice, Judge


def better(question: str, first: str, second: str, judge: Judge) -> str | None:
    """Which of two the judge prefers: "A", shown first, "B", shown second, or None without a verdict."""
    prompt = filled("tournament", question=question, first=shown(first), second=shown(second))
    return judge.verdict(prompt, lambda reply: last_line(reply, "Better", "[AB]"))


def select(candidates: Candidates, rng: np.random.Generator, judge: Judge) -> Choice:
    """Who wins every round; who is left over in a round passes, and a comparison without a verdict is drawn.

    Two equal replies are not compared: it does not matter which goes on.
    """
    before = judge.calls, judge.unparsable
    field = [int(index) for index in rng.permutation(len(candidates.replies))]
    drawn = False
    while len(field) > 1:
        winners = field[len(field) // 2 * 2 :]
        for first, second in zip(field[::2], field[1::2], strict=False):
            texts = candidates.replies[first], candidates.replies[second]
            verdict = "A" if texts[0] == texts[1] else better(candidates.question, *texts, judge)
            if verdict is None:
                verdict, drawn = "AB"[int(rng.integers(2))], True
            winners.append(first if verdict == "A" else second)
        field = winners
    return Choice(field[0], judge.calls - before[0], judge.unparsable - before[1], drawn)
