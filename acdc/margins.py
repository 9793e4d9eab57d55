"""How close decisions came to going the other way: the smallest margin of each kind of decision.

A decision compares a computed number with a threshold or with another number. Processors round differently, so a decision is the
same on every machine only if its margin is larger than what rounding can move. Margins are diagnostics: they go into the journal
and into ``acdc doctor --bits``, never into a result.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class Margin:
    """What is known of one kind of decision.

    Attributes:
        smallest: Smallest distance from the other outcome, in the decision's own unit; infinite before the first decision.
        count: Number of decisions.
        settled: Decisions that were too close in float32 and were computed again in float64.
    """

    smallest: float = math.inf
    count: int = 0
    settled: int = 0


class Margins:
    """Smallest margins by the name of the decision ("greedy token", "novelty cosine", …)."""

    def __init__(self) -> None:
        self._found: dict[str, Margin] = {}

    def note(self, decision: str, margin: float, *, count: int = 1, settled: int = 0) -> None:
        """Take the margin of one decision, or the smallest margin of `count` decisions.

        Args:
            decision: Name of the kind of decision.
            margin: Its distance from the other outcome, not negative.
            count: How many decisions this speaks for.
            settled: How many of them were computed again in float64.
        """
        found = self._found.setdefault(decision, Margin())
        found.smallest = min(found.smallest, margin)
        found.count += count
        found.settled += settled

    def add(self, others: "Margins") -> None:
        """Take over what others found."""
        for decision, margin in others.found().items():
            self.note(decision, margin.smallest, count=margin.count, settled=margin.settled)

    def found(self) -> Mapping[str, Margin]:
        """Every kind of decision so far, by name."""
        return dict(self._found)
