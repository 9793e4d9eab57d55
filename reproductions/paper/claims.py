"""Printed claims: who is compared with whom, and what was printed about it, with the columns of claims.csv."""

from dataclasses import dataclass
from pathlib import Path

from acdc.errors import InputError
from reproductions.paper.published import number, read_rows, whole

COLUMNS = (
    "id", "where", "family", "method", "baseline", "n", "benchmarks", "tables", "mean", "low", "high", "p",
)  # fmt: skip


@dataclass(frozen=True)
class Printed:
    """What a claim prints; None where it prints nothing.

    Attributes:
        mean: Mean normalised difference.
        low: Lower end of its 95% interval.
        high: Upper end.
        p: One-tailed p; the bound where "<" is printed before it.
        p_is_bound: Whether it is.
    """

    mean: float | None
    low: float | None
    high: float | None
    p: float | None
    p_is_bound: bool


@dataclass(frozen=True)
class Claim:
    """One comparison that was printed.

    Attributes:
        line: Of the file.
        id: Unique name.
        where: Where it is printed.
        family: A family, or "pooled".
        method: Who is better.
        baseline: Than whom.
        n: Answers per question.
        benchmarks: Names; empty means all.
        tables: Where the scores stand.
        metric: Which of their metrics; empty where the tables leave no choice.
        printed: The numbers.
    """

    line: int
    id: str
    where: str
    family: str
    method: str
    baseline: str
    n: int
    benchmarks: tuple[str, ...]
    tables: tuple[str, ...]
    metric: str
    printed: Printed


def read_claims(path: Path) -> list[Claim]:
    """The claims of a file in the columns of claims.csv; a column `metric` may stand beside them.

    Raises:
        InputError: A column is missing, a name is empty or an id stands there twice, or text stands where a number
            belongs. The message names the line.
    """
    claims: list[Claim] = []
    for line, row in read_rows(path, COLUMNS, optional=("metric",)):
        where = f"{path}, line {line}"
        empty = [name for name in COLUMNS[:8] if name != "where" and not row[name]]
        if empty:
            raise InputError(f"{where}: {empty[0]} is empty")
        twice = [claim.line for claim in claims if claim.id == row["id"]]
        if twice:
            raise InputError(f"{where}: the id {row['id']!r} stands in line {twice[0]} already")
        benchmarks = _names(row["benchmarks"])
        claims.append(
            Claim(
                line,
                row["id"],
                row["where"],
                row["family"],
                row["method"],
                row["baseline"],
                whole(row["n"], f"{where}, n"),
                () if benchmarks == ("all",) else benchmarks,
                _names(row["tables"]),
                row.get("metric", ""),
                _printed(row, where),
            )
        )
    if not claims:
        raise InputError(f"{path}: there is no claim in it")
    return claims


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(";") if name.strip()))


def _printed(row: dict[str, str], where: str) -> Printed:
    values = {
        name: number(row[name].removeprefix("<") if name == "p" else row[name], f"{where}, {name}")
        if row[name]
        else None
        for name in ("mean", "low", "high", "p")
    }
    p = values["p"]
    if p is not None and not 0 <= p <= 1:
        raise InputError(f"{where}, p: expected a probability, got {row['p']!r}")
    if values["low"] is not None and values["high"] is not None and values["low"] > values["high"]:
        raise InputError(f"{where}: the interval ends ({row['high']}) before it begins ({row['low']})")
    return Printed(values["mean"], values["low"], values["high"], p, row["p"].startswith("<"))
