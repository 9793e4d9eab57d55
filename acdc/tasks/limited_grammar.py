"""A grammar scientist of less imagination: it knows fewer domains, or nothing beyond a difficulty.

For the variant ``other_scientist`` of families without a language model: what does it matter who writes the tasks? It writes as
:class:`acdc.tasks.grammar_scientist.GrammarScientist` does and draws from the same streams; what it does not think of is drawn again.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from acdc.tasks.grammar_plan import HARDEST, Plan
from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.scientist import Draft, Request
from acdc.tasks.settings import ScientistSettings
from acdc.tiny.skills import DOMAINS

_TRIES: Final = 200  # draws until it has nothing to offer; what one draw misses with p = 0.9 is missed by all in 1 of 10^9 cases


def grammar_of(settings: ScientistSettings) -> GrammarScientist:
    """The grammar scientist that settings describe: all of it where they set no limit."""
    limited = settings.hardest is not None or settings.domains is not None
    return LimitedGrammarScientist(settings) if limited else GrammarScientist(settings)


class LimitedGrammarScientist(GrammarScientist):
    """A :class:`acdc.tasks.scientist.Scientist` over a part of :mod:`acdc.tiny.skills`."""

    def __init__(self, settings: ScientistSettings) -> None:
        super().__init__(settings)
        self._hardest = settings.hardest or HARDEST
        self._domains: Sequence[str] = settings.domains or DOMAINS

    @property
    def version(self) -> str:
        """That of the grammar, and the limits."""
        return f"{super().version}/{self._hardest}/{'-'.join(sorted(self._domains))}"

    def seeds(self) -> list[Draft]:
        """Those of the grammar's seed tasks that it thinks of."""
        plans = [
            Plan(tuple(seed["skills"]), seed["phrasing"], seed["difficulty"]) for seed in self._words["seeds"]
        ]
        return [draft for plan, draft in zip(plans, super().seeds(), strict=True) if self._thinks_of(plan)]

    def _plan(self, request: Request, rng: np.random.Generator) -> Plan | None:
        for _ in range(_TRIES):
            plan = super()._plan(request, rng)
            if plan is None or self._thinks_of(plan):
                return plan
        return None

    def _thinks_of(self, plan: Plan) -> bool:
        return plan.difficulty <= self._hardest and plan.skill.domain in self._domains
