"""Any variants side by side: task forces on the same questions, every pair with its interval, Holm's correction over all of them.

Guarantees: only questions that all of them answered count; what the stage `acdc compare` says of a pair is said here, too, but for
the correction, which is over the pairs asked for.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import fixed, in_percent
from acdc.parsing.section import Section
from evals.answering.evaluate_taskforce import Run
from evals.comparison.claims import between
from evals.comparison.document import Claim, Estimate
from evals.comparison.estimates import measure
from evals.comparison.evidence import side_by_side
from evals.settings import StatisticsSettings


class Level(Section):
    """Coverage of a variant's task force at one N, with its interval for these benchmarks."""

    variant: str
    n: int
    coverage: Estimate


class SideBySide(Section):
    """Variants of a family beside each other.

    Attributes:
        family: Of models.
        variants: In the order in which they were named.
        benchmarks: Names, with how many questions each are compared.
        dropped: Questions left out because some variant has no answer to them.
        runs: Run seeds.
        confidence: Of all intervals.
        alpha: Level of verdicts.
        levels: Coverage of each variant and N.
        pairs: The earlier named minus the later, `table` "pairs".
        identical: For each pair whether its task forces are the same models, by weights, in every run: then there is nothing to
            decide. Other models that answer alike are not identical.
    """

    family: str
    variants: list[str]
    benchmarks: dict[str, int]
    dropped: int
    runs: list[int]
    confidence: float
    alpha: float
    levels: list[Level]
    pairs: list[Claim]
    identical: list[bool]


def compared(
    family: str,
    benchmarks: Sequence[str],
    runs: Mapping[str, Sequence[Run]],
    results: Path,
    sizes: Sequence[int],
    statistics: StatisticsSettings,
) -> SideBySide:
    """Set variants side by side.

    Args:
        family: Of models.
        benchmarks: Names.
        runs: For each variant its runs, the same seeds in the same order.
        results: `results/<family>`.
        sizes: N.
        statistics: How intervals are made.

    Raises:
        InputError: A variant was not evaluated, or on other questions.
        NotEnoughDataError: A task force is smaller than N, or no question was answered by all.
    """
    evidence = side_by_side(family, benchmarks, runs, results, max(sizes))
    for entry in evidence.entries:
        if short := [n for n in sizes if n not in entry.sizes()]:
            raise NotEnoughDataError(
                f"{family}/{entry.variant}: no task force of {short[0]}; it has N up to {max(entry.sizes(), default=0)} "
                "(taskforce.sizes, evaluation.max_n)"
            )
    estimates = measure(evidence, statistics)
    asked = [(n, first, second) for n in sizes for first, second in combinations(evidence.entries, 2)]
    return SideBySide(
        family=family,
        variants=list(runs),
        benchmarks={name: int(keep.sum()) for name, keep in evidence.keep.items()},
        dropped=sum(int((~keep).sum()) for keep in evidence.keep.values()),
        runs=list(evidence.seeds),
        confidence=statistics.confidence,
        alpha=statistics.alpha,
        levels=[
            Level(variant=entry.variant, n=n, coverage=estimates.estimate((entry.id, n)))
            for n in sizes
            for entry in evidence.entries
        ],
        pairs=between(estimates, [((first.id, n), (second.id, n)) for n, first, second in asked]),
        identical=[_same_models(runs[first.variant], runs[second.variant], n) for n, first, second in asked],
    )


def _same_models(first: Sequence[Run], second: Sequence[Run], n: int) -> bool:
    """Whether runs of the same seeds chose the same models for N; models whose weights are not known are never the same."""

    def weights(run: Run) -> list[str]:
        return sorted(run.hashes.get(id, "") for id in run.forces["coverage"][:n])

    return all(
        "" not in weights(one) and weights(one) == weights(other)
        for one, other in zip(first, second, strict=True)
    )


def text(found: SideBySide) -> str:
    """As lines for a person."""
    width = max(map(len, found.variants))
    lines = [
        f"{found.family}: {len(found.benchmarks)} benchmarks, {sum(found.benchmarks.values())} questions, "
        f"{len(found.runs)} run seeds; {found.confidence:.0%} intervals"
    ]
    if found.dropped:
        lines.append(f"  {found.dropped} questions were left out: some variant has no answer to them")
    lines += [f"  N={one.n}  {one.variant:{width}}  {_percent(one.coverage)}" for one in found.levels]
    lines.append(f"differences in points, Holm's p over {len(found.pairs)} pairs:")
    for claim, identical in zip(found.pairs, found.identical, strict=True):
        test = claim.bootstrap
        verdict = "identical: the same models" if identical else claim.verdict
        first, second = (name.partition("/")[0] for name in (claim.ours, claim.rival))
        lines.append(
            f"  N={claim.n}  {first:{width}} − {second:{width}}  {in_percent(claim.difference, plus=True):>6} "
            f"[{in_percent(test.low, plus=True):>6}, {in_percent(test.high, plus=True):>6}]  p {fixed(test.holm or 0.0, 3)}  {verdict}"
        )
    return "\n".join(lines)


def _percent(value: Estimate) -> str:
    return f"{in_percent(value.mean):>5} [{in_percent(value.low)}, {in_percent(value.high)}]"
