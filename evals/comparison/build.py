"""From evidence to the comparison document: coverage with intervals, claims with corrections, who contributes what."""

from collections.abc import Sequence

import numpy as np

from acdc.numbers.digits import rounded
from evals.best_of_n.document import FinalAnswers
from evals.best_of_n.settings import BestOfNSettings
from evals.comparison.by_generation import by_generation
from evals.comparison.claims import claims
from evals.comparison.document import (
    ArchiveNull,
    Comparison,
    CoverageAt,
    Guess,
    Member,
    MethodResult,
)
from evals.comparison.estimates import Estimates, by_run, measure
from evals.comparison.evidence import Entry, Evidence
from evals.comparison.examples import only_ours
from evals.comparison.final_answers import final_answers
from evals.comparison.selection import Tools
from evals.coverage import contributions
from evals.settings import ComparisonSettings, StatisticsSettings


def compare(
    evidence: Evidence,
    settings: ComparisonSettings,
    statistics: StatisticsSettings,
    guesses: Sequence[Guess] = (),
    best_of_n: tuple[BestOfNSettings, Tools] | None = None,
) -> Comparison:
    """The whole comparison of a family.

    Args:
        evidence: Of :func:`evals.comparison.evidence.gather`.
        settings: Which claims are made.
        statistics: Resamples, confidence, level, seed.
        guesses: What guessing scores.
        best_of_n: How one final answer is chosen, and with what; None: it is not.
    """
    estimates = measure(evidence, statistics)
    entries = {entry.id: entry for entry in evidence.entries}
    ours = next(entry for entry in evidence.entries if entry.group == "ours")
    largest = {entry.id: max(entry.sizes()) for entry in evidence.entries if entry.sizes()}
    kept = {
        name: [id for id, keep in zip(evidence.questions[name], evidence.keep[name], strict=True) if keep]
        for name in evidence.benchmarks
    }
    return Comparison(
        family=evidence.family,
        ours=ours.id,
        benchmarks={name: len(ids) for name, ids in kept.items()},
        dropped=sum(int((~keep).sum()) for keep in evidence.keep.values()),
        runs=list(evidence.seeds),
        sizes=sorted({n for entry in evidence.entries for n in entry.sizes()}),
        confidence=statistics.confidence,
        alpha=statistics.alpha,
        methods=[_method(estimates, entry) for entry in evidence.entries],
        claims=claims(estimates, ours, settings),
        archive=_archive(estimates, ours),
        members=[member for entry in evidence.entries for member in _members(evidence, entry)],
        guesses=list(guesses),
        questions=kept,
        solves={
            id: {
                name: [rounded(chance, 4) for chance in values.mean(axis=0).tolist()]
                for name, values in estimates.chances[id, n].items()
            }
            for id, n in largest.items()
        },
        only_ours=only_ours(evidence, entries[ours.id], settings.examples),
        generations=by_generation(evidence, settings, statistics),
        best_of_n=FinalAnswers() if best_of_n is None else final_answers(estimates, settings, *best_of_n),
    )


def _method(estimates: Estimates, entry: Entry) -> MethodResult:
    sizes = entry.sizes()
    cut = {name: entry.cut_off(name) for name in estimates.evidence.benchmarks} if sizes else {}
    return MethodResult(
        id=entry.id,
        name=entry.name,
        group=entry.group,
        variant=entry.variant,
        coverage=[_coverage(estimates, entry, n) for n in sizes],
        cut_off=cut,
        not_run=entry.not_run,
    )


def _coverage(estimates: Estimates, entry: Entry, n: int) -> CoverageAt:
    chances = estimates.chances[entry.id, n]
    one = estimates.evidence.parameters.get({"big": "big", "api": "api"}.get(entry.group, "base"))
    models = entry.models(n)
    written, seen = entry.tokens(n)
    return CoverageAt(
        n=n,
        coverage=estimates.estimate((entry.id, n)),
        benchmarks={name: float(values.mean()) for name, values in chances.items()},
        runs=by_run(chances),
        models=models,
        parameters=None if one is None else models * one,
        tokens=written,
        flops=None if one is None else 2.0 * one * (written + seen),
    )


def _archive(estimates: Estimates, ours: Entry) -> list[ArchiveNull]:
    archive = next((entry for entry in estimates.evidence.entries if entry.group == "archive"), None)
    if archive is None:
        return []
    rows = []
    for n in (n for n in ours.sizes() if n in archive.sizes()):
        chosen, null = (ours.id, n), (archive.id, n)
        rows.append(
            ArchiveNull(
                variant=ours.variant,
                n=n,
                expected=estimates.estimate(null),
                chosen=estimates.estimate(chosen),
                gain=estimates.gain(chosen, null),
                archive=[len(run.archive) for run in estimates.evidence.runs[ours.variant]],
            )
        )
    return rows


def _members(evidence: Evidence, entry: Entry) -> list[Member]:
    """The members of a task force by coverage, at its largest N."""
    if entry.group not in ("ours", "variant"):
        return []
    found = []
    for run, picks, matrices in zip(evidence.runs[entry.variant], entry.picks, entry.matrices, strict=True):
        models = [pick.models[0] for pick in picks[max(picks)]]
        right = {
            name: matrices[name].correct[[matrices[name].rows(model)[0] for model in models]][
                :, evidence.keep[name]
            ]
            for name in evidence.benchmarks
        }
        parts = contributions(np.concatenate(list(right.values()), axis=1))
        for place, model in enumerate(models):
            own = {name: float(correct[place].mean()) for name, correct in right.items()}
            found.append(
                Member(
                    variant=entry.variant,
                    seed=run.seed,
                    place=place + 1,
                    model=model,
                    alone=float(np.concatenate([correct[place] for correct in right.values()]).mean()),
                    benchmarks=own,
                    unique=int(parts.unique[place]),
                    shapley=float(parts.shapley[place]),
                    without=float(parts.leave_one_out[place]),
                )
            )
    return found
