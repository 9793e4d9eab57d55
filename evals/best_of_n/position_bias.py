"""Position bias: how often a judge's preference is for a place instead of an answer, by asking in both orders."""

from collections.abc import Iterable
from typing import NamedTuple

from evals.best_of_n.selector import Judge
from evals.best_of_n.tournament import better


class PositionBias(NamedTuple):
    """What became of pairs that were shown in both orders.

    Attributes:
        pairs: How many were asked.
        consistent: Pairs in which the same answer won both times.
        first: Pairs in which whatever stood first won both times.
        second: Pairs in which whatever stood second won both times.
        unparsable: Pairs without two verdicts.
        calls: Of the judge.
    """

    pairs: int
    consistent: int
    first: int
    second: int
    unparsable: int
    calls: int

    @property
    def bias(self) -> float | None:
        """Share of first minus second among pairs with two verdicts: above 0 the first place is favoured; None without pairs."""
        judged = self.consistent + self.first + self.second
        return (self.first - self.second) / judged if judged else None


def position_bias(pairs: Iterable[tuple[str, str, str]], judge: Judge) -> PositionBias:
    """Asks about each pair in both orders.

    Args:
        pairs: Question, one reply, another reply.
        judge: Who is measured.
    """
    before = judge.calls
    outcomes = [
        (better(question, one, other, judge), better(question, other, one, judge))
        for question, one, other in pairs
    ]
    return PositionBias(
        len(outcomes),
        sum(outcome in (("A", "B"), ("B", "A")) for outcome in outcomes),
        outcomes.count(("A", "A")),
        outcomes.count(("B", "B")),
        sum(None in outcome for outcome in outcomes),
        judge.calls - before,
    )
