"""Does coverage of unseen benchmarks grow with generations? Task forces of earlier generations beside that of the whole run.

A task force of generation g is chosen from the candidates that there were by then, by the tasks that had been active by then: what a run
of g generations would have given, but that both were thinned with the later ones. Fewer generations mean fewer candidates, so what grows
may be the choice; `acdc taskforce` writes how many there were.

Source: the published scaling curve (arXiv:2604.14969v1); intervals are ours.
"""

from dataclasses import replace

from evals.comparison.document import AtGeneration
from evals.comparison.estimates import measure
from evals.comparison.evidence import Entry, Evidence
from evals.settings import ComparisonSettings, StatisticsSettings


def by_generation(
    evidence: Evidence, settings: ComparisonSettings, statistics: StatisticsSettings
) -> list[AtGeneration]:
    """Coverage of each generation with its gain over the earliest, at the sizes that claims are made at.

    Args:
        evidence: Of :func:`evals.comparison.evidence.gather`.
        settings: Sizes.
        statistics: How intervals are made.
    """
    rows: list[AtGeneration] = []
    for variant in dict.fromkeys(entry.variant for entry in evidence.earlier):
        whole = next(entry for entry in evidence.entries if entry.id == f"{variant}/coverage")
        entries = [*(entry for entry in evidence.earlier if entry.variant == variant), whole]
        estimates = measure(replace(evidence, entries=entries), statistics)
        for n in settings.claim_sizes:
            there = [entry for entry in entries if n in entry.sizes()]
            rows += [
                AtGeneration(
                    variant=variant,
                    generation=_generation(entry),
                    n=n,
                    coverage=estimates.estimate((entry.id, n)),
                    gain=None if entry is there[0] else estimates.gain((entry.id, n), (there[0].id, n)),
                )
                for entry in there
            ]
    return rows


def _generation(entry: Entry) -> int | None:
    return int(entry.id.rpartition("-")[2]) if entry.group == "generation" else None
