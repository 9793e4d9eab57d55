"""From printed scores to the paired differences of a claim, normalised as in App. K.

The pool of a claim: all rows of its tables that have its N, and rows that serve every N. Each benchmark is scaled so that
the pool's lowest score is 0 and its highest 1. The printed formula leaves out N, but only this reproduces App. K.2.
"""

import difflib
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from acdc.errors import AcdcError, InputError
from acdc.parsing.section import Section
from acdc.parsing.yaml import read_yaml_file
from reproductions.paper.claims import Claim
from reproductions.paper.published import Cell


class UncheckableError(AcdcError):
    """A claim that the tables do not allow to recompute; the message is the reason."""


class Rows(Section):
    """Which rows are meant; None stands for any, or for what the claim says."""

    table: str | None = None
    family: str | None = None
    method: str | None = None
    n: int | None = None

    def match(self, table: str | None, family: str | None, method: str, n: int) -> bool:
        """Whether these are such rows; a None of the arguments is not compared."""
        return (
            (self.table is None or table is None or self.table == table)
            and (self.family is None or family is None or self.family == family)
            and (self.method is None or self.method == method)
            and (self.n is None or self.n == n)
        )


class Alias(Section):
    """Rows that a claim calls otherwise."""

    when: Rows
    rows: Rows


class Aliases(Section):
    """aliases.yaml, described there."""

    aliases: tuple[Alias, ...] = ()
    every_n: tuple[Rows, ...] = ()
    averages: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()

    def rows(self, method: str, n: int, family: str) -> Rows:
        """Which rows a claim means by a method at N in a family."""
        for alias in self.aliases:
            if alias.when.match(None, family, method, n):
                named = alias.rows.model_dump(exclude_none=True)
                return Rows(**{"family": family, "method": method, "n": n, **named})
        return Rows(family=family, method=method, n=n)

    def is_average(self, benchmark: str) -> bool:
        """Whether a column is a mean of others."""
        return any(fnmatch.fnmatchcase(benchmark, pattern) for pattern in self.averages)

    def is_judged(self, benchmark: str) -> bool:
        """Whether a judge model grades it."""
        return any(fnmatch.fnmatchcase(benchmark, pattern) for pattern in self.judged)


def read_aliases(path: Path) -> Aliases:
    """The alias file.

    Raises:
        InputError: It is missing or no such file.
    """
    try:
        return Aliases.model_validate(read_yaml_file(path) or {})
    except ValidationError as error:
        raise InputError(f"{path}: no alias file: {error}") from error


@dataclass(frozen=True)
class Difference:
    """Method − baseline on one benchmark of one family.

    Attributes:
        family: Model family.
        benchmark: Benchmark.
        raw: In the units of the table.
        normalised: In units of the pool's range on the benchmark.
    """

    family: str
    benchmark: str
    raw: float
    normalised: float


def differences(
    claim: Claim, cells: Iterable[Cell], aliases: Aliases, *, per_n: bool = True
) -> list[Difference]:
    """The paired differences of a claim, families in order of the tables, then benchmarks.

    Args:
        claim: The claim.
        cells: All published numbers.
        aliases: What claims call otherwise.
        per_n: Normalise over rows of the claim's N, as reproduces the paper; False: over all N, as it prints.

    Raises:
        UncheckableError: A table, family, method, benchmark or cell is not there, two tables give different values for a
            cell, or a benchmark has no range.
    """
    pool, metric = _pool(claim, cells, aliases)
    families, baselines = _families(claim, pool, aliases)
    benchmarks = list(dict.fromkeys(cell.benchmark for cell in pool))
    unknown = [name for name in claim.benchmarks if name not in benchmarks]
    if unknown:
        raise UncheckableError(
            f"benchmark {unknown[0]!r} is not in {_list(claim.tables)}{_nearest(unknown[0], benchmarks)}"
        )
    ranges = _ranges(claim, pool, aliases, per_n)
    found = []
    for family in families:
        for benchmark in claim.benchmarks or benchmarks:
            ours = _score(pool, aliases.rows(claim.method, claim.n, family), benchmark, metric)
            theirs = _score(pool, baselines[family], benchmark, metric)
            low, high = ranges[benchmark]
            if low == high:
                raise UncheckableError(
                    f"all scores of the pool on {benchmark} are {low}: there is no range to normalise by"
                )
            found.append(Difference(family, benchmark, ours - theirs, (ours - theirs) / (high - low)))
    return found


def _pool(claim: Claim, cells: Iterable[Cell], aliases: Aliases) -> tuple[list[Cell], str]:
    """Cells of the claim's tables and metric, without averages, after checking that tables agree where they overlap."""
    cells = list(cells)
    for table in claim.tables:
        known = list(dict.fromkeys(cell.table for cell in cells))
        if table not in known:
            raise UncheckableError(f"there is no {table!r}{_nearest(table, known)}")
    inside = [cell for cell in cells if cell.table in claim.tables and not aliases.is_average(cell.benchmark)]
    metrics = list(dict.fromkeys(cell.metric for cell in inside))
    if claim.metric and claim.metric not in metrics:
        raise UncheckableError(
            f"metric {claim.metric!r} is not in {_list(claim.tables)}{_nearest(claim.metric, metrics)}"
        )
    if not claim.metric and len(metrics) != 1:
        raise UncheckableError(
            f"{_list(claim.tables)} hold {_list(metrics)}: a column `metric` must say which"
            if metrics
            else f"{_list(claim.tables)} print averages only, no benchmark"
        )
    metric = claim.metric or metrics[0]
    pool = [cell for cell in inside if cell.metric == metric]
    first: dict[tuple[str, str, int, str], Cell] = {}
    for cell in pool:
        other = first.setdefault((cell.family, cell.method, cell.n, cell.benchmark), cell)
        if other.value != cell.value:
            raise UncheckableError(
                f"two values for {cell.family}, {cell.method}, N={cell.n}, {cell.benchmark}: "
                f"{other.value} (line {other.line}, {other.table}) and {cell.value} (line {cell.line}, {cell.table})"
            )
    return pool, metric


def _families(claim: Claim, pool: list[Cell], aliases: Aliases) -> tuple[list[str], dict[str, Rows]]:
    """Families that are compared, and the rows of the baseline for each."""
    known = list(dict.fromkeys(cell.family for cell in pool))
    if claim.family == "pooled":
        compared = [name for name in known if _cells(pool, aliases.rows(claim.method, claim.n, name))]
    else:
        if claim.family not in known:
            raise UncheckableError(
                f"family {claim.family!r} is not in {_list(claim.tables)}{_nearest(claim.family, known)}"
            )
        compared = [claim.family]
    for family in compared or known[:1]:
        for name in (claim.method, claim.baseline):
            if not _cells(pool, aliases.rows(name, claim.n, family)):
                methods = sorted({f"{cell.method} N={cell.n}" for cell in pool if cell.family == family})
                raise UncheckableError(
                    f"{name!r} at N={claim.n} of {family} is not in {_list(claim.tables)}, which hold {_list(methods)}"
                )
    return compared, {family: aliases.rows(claim.baseline, claim.n, family) for family in compared}


def _cells(pool: list[Cell], rows: Rows) -> list[Cell]:
    return [cell for cell in pool if rows.match(cell.table, cell.family, cell.method, cell.n)]


def _score(pool: list[Cell], rows: Rows, benchmark: str, metric: str) -> float:
    for cell in _cells(pool, rows):
        if cell.benchmark == benchmark:
            return cell.value
    raise UncheckableError(
        f"the cell {rows.family}, {rows.method}, N={rows.n}, {benchmark}, {metric} is missing"
    )


def _ranges(claim: Claim, pool: list[Cell], aliases: Aliases, per_n: bool) -> dict[str, tuple[float, float]]:
    """For each benchmark the lowest and the highest score of the pool."""
    scores: dict[str, list[float]] = {}
    for cell in pool:
        serves = any(rows.match(cell.table, cell.family, cell.method, cell.n) for rows in aliases.every_n)
        if cell.n == claim.n or serves or not per_n:
            scores.setdefault(cell.benchmark, []).append(cell.value)
    return {benchmark: (min(values), max(values)) for benchmark, values in scores.items()}


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; nearest: {close[0]!r}" if close else f"; there are {_list(known)}"
