"""The verdict table and the table of variants: the task force beside every method that might do as well at the same cost.

A verdict is a word, and it holds after Holm's correction over all claims of its table; "level" means that these data do not
decide.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from reproductions.tables.table import Column, Row, Table
from reproductions.text.numbers import interval, p_value, percent, points
from reproductions.text.phrases import NOT_RUN, VERDICTS, phrase, shown_name, wording

if TYPE_CHECKING:
    from evals.comparison.document import Claim, Comparison, CoverageAt, MethodResult

GROUPS = ("ours", "control", "experts", "even", "noise", "big", "variant", "choice", "archive", "api")


def headline_sizes(comparison: "Comparison", wanted: Sequence[int]) -> list[int]:
    """The N of the main table, largest first: those wanted that were claimed; else all claimed; else the largest."""
    claimed = sorted({claim.n for claim in comparison.claims if claim.table == "main"}, reverse=True)
    return [n for n in claimed if n in wanted] or claimed or [max(comparison.sizes)]


def main_rivals(comparison: "Comparison") -> list["MethodResult"]:
    """Methods of the main table other than the task force, in the table's order of groups."""
    claimed = {claim.rival for claim in comparison.claims if claim.table == "main"}
    found = [
        method
        for method in comparison.methods
        if method.id != comparison.ours and (method.id in claimed or method.group != "variant")
    ]
    return sorted(
        found, key=lambda method: GROUPS.index(method.group) if method.group in GROUPS else len(GROUPS)
    )


def coverage_at(method: "MethodResult", n: int) -> "CoverageAt | None":
    """A method's coverage at N."""
    return next((at for at in method.coverage if at.n == n), None)


def find_claim(comparison: "Comparison", table: str, rival: str, n: int) -> "Claim | None":
    """The claim of a table against a rival at ours' N."""
    return next((c for c in comparison.claims if (c.table, c.rival, c.n) == (table, rival, n)), None)


def main_table(
    comparison: "Comparison", sizes: Sequence[int] = (3, 8), printed: Mapping[str, float] | None = None
) -> Table:
    """The verdict table: the task force and every rival at the headline sizes.

    Args:
        comparison: Of one family.
        sizes: N that are shown where they were claimed.
        printed: Coverage of the API model as the paper prints it, in percent by benchmark and as "Average"; a note shows it.
    """
    rows: list[Row] = []
    for n in headline_sizes(comparison, sizes):
        ours = comparison.method(comparison.ours)
        rows.append(_coverage_row(comparison, ours, coverage_at(ours, n), n))
        rivals = [_rival_row(comparison, rival, "main", n) for rival in main_rivals(comparison)]
        rows += [row for row in rivals if row["coverage"] is not None or row["verdict"] == NOT_RUN]
    for row in rows:
        row["block"] = f"N = {row['n']}"
    claims = sum(claim.table == "main" for claim in comparison.claims)
    caption, notes = wording("verdicts", comparison, claims=claims)
    if comparison.dropped:
        notes.append(phrase("verdicts", "dropped", dropped=comparison.dropped))
    if printed:
        shown = ", ".join(f"{name} {value:g}" for name, value in printed.items() if name != "Average")
        notes.append(phrase("verdicts", "published", average=f"{printed['Average']:g}", shown=shown))
    columns = [
        Column("Method", lambda row: row["method"], "left"),
        Column("N", _size_cell),
        Column(f"Coverage, % [{comparison.confidence:.0%}]", coverage_cell),
        Column(f"Task force minus rival [{comparison.confidence:.0%}]", difference_cell),
        Column("p (Holm)", lambda row: p_value(row["p_holm"])),
        Column("Verdict", lambda row: row["verdict"], "left", "verdict"),
    ]
    frame = pd.DataFrame(rows).astype({"rival_n": "float64"})
    return Table("verdicts", caption, frame, columns, notes, group="block", emphasis="ours")


def variants_table(comparison: "Comparison", sizes: Sequence[int] = (3, 8)) -> Table | None:
    """The method against itself with a part removed or replaced; None where one variant was run."""
    ours = comparison.method(comparison.ours)
    others = [method for method in comparison.methods if method.group == "variant"]
    if not others:
        return None
    claimed = {claim.n for claim in comparison.claims if claim.table == "variants"}
    rows = []
    headline = headline_sizes(comparison, sizes)
    for n in [n for n in headline if n in claimed] or headline:
        rows.append(_coverage_row(comparison, ours, coverage_at(ours, n), n))
        rows += [_rival_row(comparison, method, "variants", n) for method in others]
    for row in rows:
        row["block"] = f"N = {row['n']}"
    claims = sum(claim.table == "variants" for claim in comparison.claims)
    caption, notes = wording("variants", comparison, claims=claims)
    columns = [
        Column("Variant", lambda row: row["method"], "left"),
        Column(f"Coverage, % [{comparison.confidence:.0%}]", coverage_cell),
        Column(f"Full method minus variant [{comparison.confidence:.0%}]", difference_cell),
        Column("p (Holm)", lambda row: p_value(row["p_holm"])),
        Column("Verdict", lambda row: row["verdict"], "left", "verdict"),
    ]
    return Table("variants", caption, pd.DataFrame(rows), columns, notes, group="block", emphasis="ours")


def coverage_cell(row: Row) -> str:
    """Coverage with its interval, in percent."""
    return interval(row["coverage"], row["low"], row["high"], percent)


def difference_cell(row: Row) -> str:
    """A difference with its interval, in points."""
    ends = ("difference_low", "difference_high") if "difference_low" in row else ("low", "high")
    return interval(row["difference"], row[ends[0]], row[ends[1]], points)


def _size_cell(row: Row) -> str:
    return "–" if row["rival_n"] is None or math.isnan(row["rival_n"]) else f"{row['rival_n']:.0f}"


def _coverage_row(comparison: "Comparison", method: "MethodResult", at: "CoverageAt | None", n: int) -> Row:
    return {
        "n": n,
        "method": shown_name(comparison, method.name),
        "id": method.id,
        "group": method.group,
        "rival_n": at.n if at else None,
        "coverage": at.coverage.mean if at else None,
        "low": at.coverage.low if at else None,
        "high": at.coverage.high if at else None,
        "difference": None,
        "difference_low": None,
        "difference_high": None,
        "p": None,
        "p_holm": None,
        "verdict": NOT_RUN if method.not_run else "",
        "ours": method.group == "ours",
    }


def _rival_row(comparison: "Comparison", rival: "MethodResult", table: str, n: int) -> Row:
    claim = find_claim(comparison, table, rival.id, n)
    row = _coverage_row(comparison, rival, coverage_at(rival, claim.rival_n if claim else n), n) | {
        "ours": False
    }
    if claim is None:
        return row
    return row | {
        "difference": claim.difference,
        "difference_low": claim.bootstrap.low,
        "difference_high": claim.bootstrap.high,
        "p": claim.bootstrap.p,
        "p_holm": claim.bootstrap.holm,
        "verdict": VERDICTS[claim.verdict],
    }
