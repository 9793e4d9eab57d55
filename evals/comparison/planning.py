"""Which difference a planned comparison can show, by what the inference is over: questions, benchmarks, run seeds, families.

Each kind of unit answers another question. More questions narrow a statement about *these* benchmarks; only more benchmarks
narrow one about others of the kind, and only more families one about other families. Built on :mod:`evals.statistics.power`.

Guarantees: spreads estimated from a comparison are free of the noise below them (Henderson's moments: what is observed less
what questions and runs explain, never below 0), so that they may be combined with other numbers of questions and runs.
Does not guarantee: a spread estimated from two or three units is rough; it says how many it comes from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from acdc.errors import InputError, NotEnoughDataError
from evals.statistics.power import Alternative, minimum_detectable_effect, unit_sd, units_needed

if TYPE_CHECKING:
    from evals.comparison.document import Claim, Comparison


@dataclass(frozen=True)
class Spreads:
    """Standard deviations of the paired difference (shares of questions in [0, 1]); None where it is not known.

    Attributes:
        disagreement: Variance of the difference of one question: for two methods that are right or wrong the share of
            questions on which they differ.
        benchmarks: From benchmark to benchmark, questions' noise removed.
        runs: From run seed to run seed, of the mean over benchmarks.
        families: From family to family, runs' and questions' noise removed.
        notes: Where they come from, for people.
    """

    disagreement: float
    benchmarks: float | None = None
    runs: float | None = None
    families: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Design:
    """How much will be measured.

    Attributes:
        questions: Of each benchmark.
        benchmarks: How many.
        runs: Run seeds of each family.
        families: How many, each trained on its own.
    """

    questions: int
    benchmarks: int
    runs: int = 1
    families: int = 1


@dataclass(frozen=True)
class Reach:
    """What can be seen when the inference is over one kind of unit.

    Attributes:
        over: "questions", "benchmarks", "runs" or "families".
        statement: What a finding would be about.
        units: How many there are.
        sd: Standard deviation of one unit's difference; None where its spread is not known.
        detectable: The smallest true difference that is found with the power asked for.
        needed: Units that the effect asked about needs, other things equal; None where no effect was given.
        reason: Why there is no `detectable`; empty otherwise.
    """

    over: str
    statement: str
    units: int
    sd: float | None
    detectable: float | None
    needed: int | None
    reason: str = ""


def reaches(
    design: Design,
    spreads: Spreads,
    *,
    effect: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: Alternative = "greater",
) -> list[Reach]:
    """What a design can show, for each kind of inference.

    Args:
        design: How much will be measured.
        spreads: What differs between units.
        effect: A true difference, to learn how many units it needs.
        power: Chance of finding it.
        alpha: Level of the test.
        alternative: Its side.

    Raises:
        InputError: A number is outside its range.
    """
    _check(design, spreads)
    found = []
    for over, statement, units, sd, unknown in _kinds(design, spreads):
        row = Reach(over, statement, units, sd, None, None)
        if sd is None:
            found.append(replace(row, reason=unknown))
            continue
        if sd == 0:
            found.append(replace(row, reason="nothing differs between units"))
            continue
        needed = (
            None
            if effect is None
            else units_needed(effect, sd, power=power, alpha=alpha, alternative=alternative)
        )
        if units < 2:
            found.append(replace(row, needed=needed, reason="a single one shows no spread"))
            continue
        seen = minimum_detectable_effect(sd, units, power=power, alpha=alpha, alternative=alternative)
        found.append(replace(row, detectable=seen, needed=needed))
    return found


def _kinds(design: Design, spreads: Spreads) -> list[tuple[str, str, int, float | None, str]]:
    """Kinds of inference: over what, for whom it speaks, units, spread between units, what to say where that is not known."""
    total = design.questions * design.benchmarks
    run_part = None if spreads.runs is None else spreads.runs**2 / design.runs
    return [
        ("questions", "these benchmarks, these models", total, math.sqrt(spreads.disagreement), ""),
        (
            "benchmarks",
            "other benchmarks of the kind, these models",
            design.benchmarks,
            _sd(design.questions, spreads.disagreement, spreads.benchmarks),
            "the spread between benchmarks is not known",
        ),
        (
            "runs",
            "other runs of these seed models, these questions",
            design.runs,
            spreads.runs,
            "the spread between runs is not known",
        ),
        (
            "families",
            "other families trained alike",
            design.families,
            None
            if spreads.families is None
            else _sd(total, spreads.disagreement, math.hypot(spreads.families, math.sqrt(run_part or 0.0))),
            "the spread between families is not known",
        ),
    ]


def main_claim(comparison: "Comparison", rival: str | None, n: int | None) -> "Claim":
    """The claim to plan by: the largest N, and the control's first row, where nothing else is asked for.

    Args:
        comparison: Of a family.
        rival: Id or name of the rival.
        n: N of ours.

    Raises:
        InputError: There is no such claim; the message lists those there are.
    """
    names = {method.id: method.name for method in comparison.methods}
    groups = {method.id: method.group for method in comparison.methods}
    largest = max((claim.n for claim in comparison.claims), default=0)
    at = [claim for claim in comparison.claims if claim.n == (n or largest)]
    if rival is not None:
        found = [claim for claim in at if rival in (claim.rival, names.get(claim.rival))]
    else:
        found = [claim for claim in at if groups.get(claim.rival) == "control"] or at
    if not found:
        there = sorted(
            {f"{names.get(claim.rival, claim.rival)} (N={claim.n})" for claim in comparison.claims}
        )
        raise InputError(
            f"{comparison.family}: no claim against {rival or 'any rival'} at N={n or largest}; "
            f"there are: {'; '.join(there) or 'none'}"
        )
    return found[0]


def estimated(
    comparisons: Sequence["Comparison"], rival: str | None = None, n: int | None = None
) -> tuple[Spreads, Design]:
    """Spreads and sizes of comparisons that exist already, one for each family.

    Args:
        comparisons: At least one; two or more also show what differs between families.
        rival: Id or name of the rival whose claim is planned by.
        n: N of ours.

    Raises:
        InputError: A comparison has no such claim.
        NotEnoughDataError: There is none, or it holds no answers per question at that N.
    """
    if not comparisons:
        raise NotEnoughDataError("power: there is no comparison to estimate spreads from")
    claims = [main_claim(comparison, rival, n) for comparison in comparisons]
    noise = [_question_variances(each, claim) for each, claim in zip(comparisons, claims, strict=True)]
    disagreement = float(np.mean([np.mean([value for value, _ in one.values()]) for one in noise]))
    between = [_between_benchmarks(claim, one) for claim, one in zip(claims, noise, strict=True)]
    runs = [float(np.std(claim.runs, ddof=1)) for claim in claims if len(claim.runs) > 1]
    run_sd = float(np.sqrt(np.mean(np.square(runs)))) if runs else None
    first = comparisons[0]
    design = Design(
        questions=round(float(np.mean(list(first.benchmarks.values())))),
        benchmarks=len(first.benchmarks),
        runs=len(first.runs),
        families=len(comparisons),
    )
    families = None
    if len(comparisons) > 1:
        observed = float(np.var([claim.difference for claim in claims], ddof=1))
        below = (run_sd or 0.0) ** 2 / design.runs + disagreement / (design.questions * design.benchmarks)
        families = math.sqrt(max(0.0, observed - below))
    rivals = first.method(claims[0].rival).name
    note = (
        f"Spreads of the claim against {rivals} at N={claims[0].n}, from {', '.join(c.family for c in comparisons)}: "
        f"{design.benchmarks} benchmarks, {design.runs} run seeds, {len(comparisons)} families."
    )
    benchmarks = [value for value in between if value is not None]
    spread = float(np.sqrt(np.mean(np.square(benchmarks)))) if benchmarks else None
    return Spreads(disagreement, spread, run_sd, families, (note,)), design


def _question_variances(comparison: "Comparison", claim: "Claim") -> dict[str, tuple[float, int]]:
    """For each benchmark the variance of one question's difference, and the number of questions."""
    for method, at in ((claim.ours, claim.n), (claim.rival, claim.rival_n)):
        sizes = comparison.method(method).coverage
        if method not in comparison.solves or not sizes or sizes[-1].n != at:
            raise NotEnoughDataError(
                f"{comparison.family}: answers per question of {method} are kept at its largest N only, not at N={at}; "
                "give --disagreement, or plan by a claim at the largest N"
            )
    found = {}
    for name in comparison.benchmarks:
        ours, theirs = comparison.solves[claim.ours][name], comparison.solves[claim.rival][name]
        values = np.asarray(ours) - np.asarray(theirs)
        if len(values) < 2:
            raise NotEnoughDataError(f"{comparison.family}: {name} has {len(values)} questions, needed are 2")
        found[name] = (float(np.var(values, ddof=1)), len(values))
    return found


def _between_benchmarks(claim: "Claim", noise: dict[str, tuple[float, int]]) -> float | None:
    if len(claim.benchmarks) < 2:
        return None
    observed = float(np.var(list(claim.benchmarks.values()), ddof=1))
    explained = float(np.mean([variance / questions for variance, questions in noise.values()]))
    return math.sqrt(max(0.0, observed - explained))


def _sd(questions: int, disagreement: float, between: float | None) -> float | None:
    return None if between is None else unit_sd(questions, disagreement=disagreement, between=between)


def _check(design: Design, spreads: Spreads) -> None:
    sizes = (design.questions, design.benchmarks, design.runs, design.families)
    if min(sizes) < 1:
        raise InputError(
            "power: expected at least 1 question, benchmark, run and family; "
            f"got {', '.join(map(str, sizes))}"
        )
    known = [value for value in (spreads.benchmarks, spreads.runs, spreads.families) if value is not None]
    if not 0 <= spreads.disagreement <= 1 or any(not 0 <= value <= 1 for value in known):
        raise InputError("power: spreads and disagreement are shares of questions, from 0 to 1")
