"""Expected numbers of a family, `reproductions/<family>/expected.json`, and whether a measurement agrees with them.

A tolerance is what the sampling errors of both numbers allow: questions (binomial, so at most too wide) and run seeds (the
spread that was measured); Student's t with Welch's degrees of freedom, divided by the number of cells (Bonferroni), so that a
measurement that agrees is called different in at most α of all cases, whatever the number of cells. Where the number is a mean over
families that were trained on their own, it is the prediction interval for one more family; questions and run seeds are in the
spread of families already.

Guarantees: no tolerance is chosen by taste. Does not guarantee power: where both measured the same questions the tolerance
is wider than it need be, and a small true difference passes.
"""

import fnmatch
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.digits import rounded
from acdc.parsing.section import Section
from reproductions.paper.names import our_benchmark

if TYPE_CHECKING:
    from evals.comparison.document import Comparison, CoverageAt, MethodResult

FOLDER = Path(__file__).parents[1]


class ExpectedCell(Section):
    """One number.

    Attributes:
        where: It comes from, for people.
        method: Id or name of a method of the comparison; a pattern with * where names depend on the family.
        rival: Another one, whose coverage is taken off; empty where the number is a coverage.
        n: Answers a question.
        benchmarks: Over which it is the mean, with their number of questions; 0 where it is not known.
        value: Coverage, a share in [0, 1], or a difference.
        rounding: Half a unit of the last digit.
        runs: Run seeds behind it.
        run_sd: From run seed to run seed; None where it is not printed; the measurement's own then replaces it.
        run_df: Degrees of freedom it comes from.
        families: Independently trained families that it is the mean of.
        family_sd: From family to family; None where it is the number of one family.
    """

    where: str = ""
    method: str
    rival: str = ""
    n: int = Field(ge=1)
    benchmarks: dict[str, int]
    value: float = Field(ge=-1, le=1)
    rounding: float = Field(0.0, ge=0)
    runs: int = Field(1, ge=1)
    run_sd: float | None = Field(None, ge=0)
    run_df: int = Field(1, ge=1)
    families: int = Field(1, ge=1)
    family_sd: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.family_sd is not None and self.families < 2:
            raise ValueError("a spread from family to family needs two `families`")
        if self.family_sd is None and (self.rival or self.value < 0):
            raise ValueError(
                "a difference needs its `family_sd`: from questions and runs alone it is not known"
            )
        return self


class Expected(Section):
    """expected.json.

    Attributes:
        family: Of models.
        source: Where the numbers come from.
        cells: The numbers.
    """

    schema_version: Literal[1]
    family: str
    source: str
    cells: list[ExpectedCell]


@dataclass(frozen=True)
class Verdict:
    """What became of one expected number.

    Attributes:
        cell: The number.
        verdict: "within", "outside", "not measured", or "undecided": its tolerance cannot be known.
        measured: Coverage.
        tolerance: Largest difference that sampling explains.
        reason: Why there is no verdict; empty otherwise.
    """

    cell: ExpectedCell
    verdict: Literal["within", "outside", "not measured", "undecided"]
    measured: float | None = None
    tolerance: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Error:
    """Variance of a difference and its degrees of freedom."""

    variance: float
    free: float


@dataclass(frozen=True)
class _Found:
    """A measured row, at one N, and the benchmarks that the number is about."""

    method: "MethodResult"
    at: "CoverageAt"
    names: list[str]


def expected_file(family: str) -> Path:
    """Where a family's expected numbers lie."""
    return FOLDER / family / "expected.json"


def read_expected(path: Path) -> Expected:
    """The expected numbers of a file.

    Raises:
        NotEnoughDataError: There is none.
        InputError: It is damaged.
    """
    if not path.is_file():
        raise NotEnoughDataError(
            f"{path}: there are no expected numbers yet; `--write` makes them from a comparison"
        )
    try:
        return Expected.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def expected_of(comparison: "Comparison") -> Expected:
    """A comparison's numbers as what the next measurement should find, at the sizes that claims are made at.

    Raises:
        NotEnoughDataError: It has one run seed, from which no spread follows.
    """
    if len(comparison.runs) < 2:
        raise NotEnoughDataError(
            f"{comparison.family}: {len(comparison.runs)} run seed; expected numbers need two or more, because one run shows no spread"
        )
    sizes = {claim.n for claim in comparison.claims} | {claim.rival_n for claim in comparison.claims}
    cells = []
    for method in comparison.methods:
        for at in method.coverage:
            if at.n not in sizes:
                continue
            each = [[name] for name in at.benchmarks]
            cells += [_cell(comparison, method, at, names) for names in (*each, list(at.benchmarks))]
    source = f"{len(comparison.runs)} run seeds, {sum(comparison.benchmarks.values())} questions"
    return Expected(schema_version=1, family=comparison.family, source=source, cells=cells)


def _cell(
    comparison: "Comparison", method: "MethodResult", at: "CoverageAt", names: Sequence[str]
) -> ExpectedCell:
    spread = _run_spread(comparison, method, at, len(names)) if method.variant else None
    return ExpectedCell(
        method=method.id,
        n=at.n,
        benchmarks={name: comparison.benchmarks[name] for name in names},
        value=rounded(float(np.mean([at.benchmarks[name] for name in names])), 6),
        rounding=5e-7,
        runs=len(at.runs),
        run_sd=None if spread is None else rounded(math.sqrt(spread.variance), 6),
        run_df=1 if spread is None else int(spread.free),
    )


def verify(expected: Expected, comparison: "Comparison", *, alpha: float = 0.05) -> list[Verdict]:
    """Every expected number beside the measured one.

    Args:
        expected: What should be found.
        comparison: What was found.
        alpha: Chance that anything is called outside although only sampling differs.

    Raises:
        InputError: alpha is no probability, or a cell's method means several methods of the comparison.
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha lies between 0 and 1, got {alpha}")
    found = [(cell, _find(comparison, cell)) for cell in expected.cells]
    count = sum(not isinstance(hit, str) for _, hit in found)
    return [
        Verdict(cell, "not measured", reason=hit)
        if isinstance(hit, str)
        else _verdict(comparison, cell, hit, level=alpha / count)
        for cell, hit in found
    ]


def _find(comparison: "Comparison", cell: ExpectedCell) -> "list[_Found] | str":
    """The measured row and its benchmarks, then those of the rival if there is one; or what is missing."""
    found = []
    for pattern in (cell.method, cell.rival):
        if pattern:
            hit = _row(comparison, cell, pattern)
            if isinstance(hit, str):
                return hit
            found.append(hit)
    return found


def _row(comparison: "Comparison", cell: ExpectedCell, pattern: str) -> "_Found | str":
    methods = [
        method
        for method in comparison.methods
        if fnmatch.fnmatchcase(method.id, pattern) or fnmatch.fnmatchcase(method.name, pattern)
    ]
    if len(methods) > 1:
        raise InputError(
            f"expected: {pattern!r} means {' and '.join(method.id for method in methods)}; name one of them"
        )
    if not methods or not methods[0].coverage:
        return f"{pattern} was not measured" if cell.rival else "the method was not measured"
    at = next((at for at in methods[0].coverage if at.n == cell.n), None)
    if at is None:
        return f"not measured at N={cell.n}"
    known = {name: our_benchmark(name, at.benchmarks) for name in cell.benchmarks}
    missing = [name for name, ours in known.items() if ours is None]
    if missing:
        return f"{missing[0]} was not measured"
    return _Found(methods[0], at, [ours for ours in known.values() if ours is not None])


def _verdict(comparison: "Comparison", cell: ExpectedCell, found: "list[_Found]", *, level: float) -> Verdict:
    from scipy import stats

    ours, *rivals = (float(np.mean([hit.at.benchmarks[name] for name in hit.names])) for hit in found)
    measured = ours - sum(rivals)
    error = _error(comparison, cell, found[0])
    if error is None:
        reason = "one run seed on both sides: the spread between runs is not known"
        return Verdict(cell, "undecided", measured, reason=reason)
    quantile = stats.t.isf(level / 2, error.free) if math.isfinite(error.free) else stats.norm.isf(level / 2)
    tolerance = float(quantile) * math.sqrt(error.variance) + cell.rounding
    within = abs(measured - cell.value) <= tolerance + 1e-12
    return Verdict(cell, "within" if within else "outside", measured, tolerance)


def _error(comparison: "Comparison", cell: ExpectedCell, found: "_Found") -> _Error | None:
    """Sampling variance of measured less expected; None where the spread of runs is not known."""
    if cell.family_sd is not None:
        return _Error(cell.family_sd**2 * (1 + 1 / cell.families), float(cell.families - 1))
    method, at, names = found.method, found.at, found.names
    here = {name: comparison.benchmarks[name] for name in names}
    there = {name: size or here[name] for name, size in zip(names, cell.benchmarks.values(), strict=True)}
    fixed = _question_variance(at.benchmarks, here)
    # Of a mean only the mean is expected; equal shares have the largest variance (Jensen).
    fixed += _question_variance(dict.fromkeys(names, cell.value), there)
    if not method.variant:
        return _Error(fixed, math.inf)
    mine = _run_spread(comparison, method, at, len(names))
    theirs = None if cell.run_sd is None else _Error(cell.run_sd**2, float(cell.run_df))
    if mine is not None and theirs is not None:
        parts = [(mine.variance / len(at.runs), mine.free), (theirs.variance / cell.runs, theirs.free)]
    else:
        known = mine or theirs
        if known is None:
            return None
        parts = [(known.variance * (1 / len(at.runs) + 1 / cell.runs), known.free)]
    total = fixed + sum(variance for variance, _ in parts)
    below = sum(variance**2 / free for variance, free in parts)
    return _Error(total, total**2 / below if below else math.inf)


def _question_variance(values: Mapping[str, float], questions: Mapping[str, int]) -> float:
    """Of a mean over benchmarks; shares are moved towards a half (Agresti & Coull 1998), so that 0 of 20 is no certainty."""
    found = 0.0
    for name, size in questions.items():
        share = (values[name] * size + 2) / (size + 4)
        found += share * (1 - share) / size
    return found / len(questions) ** 2


def _run_spread(
    comparison: "Comparison", method: "MethodResult", at: "CoverageAt", benchmarks: int
) -> _Error | None:
    """Variance from run to run of a mean over so many benchmarks; None where no method has two runs.

    Three runs of one variant say little about their spread, so it is pooled over the task forces of all variants at this N.
    Kept is the spread of the mean over all benchmarks; of fewer it is larger, by the ratio of their numbers at most: runs are taken
    to differ on each benchmark independently, which makes tolerances too wide rather than too narrow.
    """
    forces = ("ours", "variant")
    alike = forces if method.group in forces else (method.group,)
    runs = [
        point.runs
        for other in comparison.methods
        if other.group in alike
        for point in other.coverage
        if point.n == at.n and len(point.runs) > 1
    ]
    free = sum(len(values) - 1 for values in runs)
    if not free:
        return None
    squares = sum(float(np.var(values)) * len(values) for values in runs)
    return _Error(squares / free * len(at.benchmarks) / benchmarks, float(free))
