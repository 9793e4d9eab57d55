"""The verdict on the task force in sentences, computed from intervals and corrected tests. It may say that the task force loses.

One sentence for each group of rivals, and two that say it all. The words are templates in `report/`.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from reproductions.tables.verdicts import coverage_at, find_claim, headline_sizes, main_rivals
from reproductions.text.numbers import interval, percent, points
from reproductions.text.phrases import shown_name
from reproductions.text.templates import FOLDER, render

if TYPE_CHECKING:
    from evals.comparison.document import Comparison

OUTCOMES = {"better": "ahead", "undecided": "level", "worse": "behind"}


@dataclass(frozen=True)
class RivalVerdict:
    """The task force against one rival at one N.

    Attributes:
        name: The rival.
        group: Its group.
        outcome: ahead, level or behind, of the task force.
        difference: Task force minus rival with its interval, in points.
        n: Answers a question.
    """

    name: str
    group: str
    outcome: str
    difference: str
    n: int


def rival_verdicts(comparison: "Comparison", n: int) -> list[RivalVerdict]:
    """Every claim of the main table at one N, in the table's order."""
    found = []
    for rival in main_rivals(comparison):
        claim = find_claim(comparison, "main", rival.id, n)
        if claim is not None:
            shown = interval(claim.difference, claim.bootstrap.low, claim.bootstrap.high, points)
            found.append(
                RivalVerdict(
                    shown_name(comparison, rival.name), rival.group, OUTCOMES[claim.verdict], shown, n
                )
            )
    return found


def abstract(comparison: "Comparison") -> list[str]:
    """Two sentences: what the task force covers, and against whom that is more, as much or less."""
    n = headline_sizes(comparison, comparison.sizes)[0]
    at = coverage_at(comparison.method(comparison.ours), n)
    told = rival_verdicts(comparison, n)
    text = render(
        "abstract.txt",
        family=comparison.family,
        questions=sum(comparison.benchmarks.values()),
        benchmarks=len(comparison.benchmarks),
        runs=len(comparison.runs),
        n=n,
        coverage=interval(at.coverage.mean, at.coverage.low, at.coverage.high, _with_sign) if at else "–",
        rivals=len(told),
        claims=sum(claim.table == "main" for claim in comparison.claims),
        **_by_outcome(told),
    )
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def sentences(comparison: "Comparison", n: int) -> list[str]:
    """One sentence for each group of rivals at one N."""
    told = rival_verdicts(comparison, n)
    found = []
    for group, title in _titles().items():
        here = [standing for standing in told if standing.group == group]
        if here:
            text = render("group.txt", title=title, n=n, **_by_outcome(here))
            found.append(" ".join(text.split()))
    return found


def _with_sign(value: float | None) -> str:
    return f"{percent(value)}%"


def _by_outcome(told: list[RivalVerdict]) -> dict[str, list[RivalVerdict]]:
    return {outcome: [one for one in told if one.outcome == outcome] for outcome in OUTCOMES.values()}


@cache
def _titles() -> dict[str, str]:
    from acdc.parsing.yaml import read_yaml_file

    titles: dict[str, str] = read_yaml_file(FOLDER / "rival_groups.yaml")
    return titles
