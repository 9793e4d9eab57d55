"""Score: a judge gives each answer a number from 1 to 10 without seeing the others; the highest wins."""

import numpy as np

from evals.best_of_n.judge_replies import number
from evals.best_of_n.prompts import filled, shown
from evals.best_of_n.selector import Candidates, Choice, Judge, best


def select(candidates: Candidates, rng: np.random.Generator, judge: Judge) -> Choice:
    """The highest number; ties are drawn. An answer without a number has lost, unless no answer has one."""
    before = judge.calls, judge.unparsable
    given = [
        judge.verdict(
            filled("score", question=candidates.question, answer=shown(reply)),
            lambda said: number(said, "Score", 1, 10),
        )
        for reply in candidates.replies
    ]
    index, drawn = best([0 if value is None else value for value in given], rng)
    return Choice(index, judge.calls - before[0], judge.unparsable - before[1], drawn)
