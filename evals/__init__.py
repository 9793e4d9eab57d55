"""How good is a task force on benchmarks that evolution never saw? Built on lm-eval and on `acdc`.

Promises: answers are made once and read by everything else; no number is without its n and its interval.
Door: the names of `__all__`, loaded when they are used; of coverage, tests and bootstraps NumPy is all that is loaded.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.ask import Answered, Chooser, Member
    from evals.best_of_n.selector import Candidates, Choice
    from evals.comparison.build import compare
    from evals.comparison.document import Comparison
    from evals.comparison.evidence import Evidence, evidence_of, gather
    from evals.correctness import Answerer, Correctness, from_samples
    from evals.coverage import contributions, coverage_at_n, expected_coverage, mixed_coverage, pass_at_k
    from evals.significance import (
        Interval,
        converged_bootstrap,
        family_bootstrap,
        holm,
        item_bootstrap,
        mcnemar,
        minimum_detectable_effect,
        paired_t,
        published_bootstrap,
        sign_flip,
        units_needed,
    )
    from evals.statistics.bootstrap import Resamples

__all__ = [
    "Answered",
    "Answerer",
    "Candidates",
    "Choice",
    "Chooser",
    "Comparison",
    "Correctness",
    "Evidence",
    "Interval",
    "Member",
    "Resamples",
    "compare",
    "contributions",
    "converged_bootstrap",
    "coverage_at_n",
    "evidence_of",
    "expected_coverage",
    "family_bootstrap",
    "from_samples",
    "gather",
    "holm",
    "item_bootstrap",
    "mcnemar",
    "minimum_detectable_effect",
    "mixed_coverage",
    "paired_t",
    "pass_at_k",
    "published_bootstrap",
    "sign_flip",
    "units_needed",
]

_PLACES = {
    "Answered Chooser Member": "ask",
    "Candidates Choice": "best_of_n.selector",
    "compare": "comparison.build",
    "Comparison": "comparison.document",
    "Evidence evidence_of gather": "comparison.evidence",
    "Answerer Correctness from_samples": "correctness",
    "contributions coverage_at_n expected_coverage mixed_coverage pass_at_k": "coverage",
    "Resamples": "statistics.bootstrap",
}  # of the others: significance


def __getattr__(name: str) -> object:
    """A public name, from its module when it is used first."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = next((place for names, place in _PLACES.items() if name in names.split()), "significance")
    return getattr(importlib.import_module(f"{__name__}.{place}"), name)
