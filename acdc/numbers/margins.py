"""How close decisions came to going the other way: the smallest margin of each kind of decision.

A decision compares a computed number with a threshold or with another number. Processors round differently, so a decision is the
same on every machine only if its margin is larger than what rounding can move. Margins are diagnostics: they go into the journal
and into ``acdc doctor --bits``, never into a result.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from acdc.numbers.digits import sign

_EQUAL = 1e-12  # numbers that are equal on paper are at least that near to each other


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

    def compare(self, decision: str, value: float, threshold: float) -> int:
        """−1 where the value is below the threshold, 1 above, 0 at it (:func:`acdc.numbers.digits.sign`); takes the margin.

        Equality on paper is decided by rule on every machine, and so has no margin.
        """
        apart = abs(value - threshold)
        self.note(decision, math.inf if apart <= _EQUAL else apart)
        return sign(value - threshold)

    def add(self, others: "Margins") -> None:
        """Take over what others found."""
        for decision, margin in others.found().items():
            self.note(decision, margin.smallest, count=margin.count, settled=margin.settled)

    def found(self) -> Mapping[str, Margin]:
        """Every kind of decision so far, by name."""
        return dict(self._found)

    def to_json(self) -> dict[str, dict[str, object]]:
        """Smallest margin (None: there was none), count and number of settled decisions, by the name of the decision."""
        return {
            decision: {
                "smallest": margin.smallest if math.isfinite(margin.smallest) else None,
                "count": margin.count,
                "settled": margin.settled,
            }
            for decision, margin in sorted(self._found.items())
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Mapping[str, Any]]) -> "Margins":
        """What :meth:`to_json` wrote."""
        made = cls()
        for decision, margin in found.items():
            smallest = math.inf if margin["smallest"] is None else float(margin["smallest"])
            made.note(decision, smallest, count=int(margin["count"]), settled=int(margin["settled"]))
        return made


@runtime_checkable
class Watched(Protocol):
    """An object that keeps margins of its own decisions; some engines and executors do."""

    margins: Margins


def margins_of(source: object) -> Margins:
    """The margins that it keeps; none where it keeps none."""
    return source.margins if isinstance(source, Watched) else Margins()
