"""A published table with this project's own numbers in it: under each printed row ours, or in each printed row a column for ours.

What is printed is as :mod:`reproductions.paper.printed_tables` shows it. Ours are percent of the questions that were measured here; which
they are, how many run seeds they come from, and what is missing is said below the table.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import fixed
from acdc.storage.layout import Layout
from evals.significance import paired_t
from reproductions.paper.names import names
from reproductions.paper.our_numbers import OurNumbers, mean_of, of_benchmark, read_our_numbers
from reproductions.paper.printed_tables import CONFIDENCE, Print
from reproductions.tables.table import Column, Row, Table
from reproductions.text.numbers import interval

_PICKED = ("table2", "table7", "table9")  # one final answer of N; all others are coverage
_OVER_FAMILIES = ("Average", "mean of 4 families")


def compared_with_paper(printed: Print, name: str, layouts: Iterable[Layout]) -> Table:
    """A published table with ours in it.

    Args:
        printed: The published numbers.
        name: "table6".
        layouts: Projects whose comparisons are looked at, in this order.

    Raises:
        InputError: There is no such table, or a comparison cannot be read.
    """
    table = printed.table(name)
    our_numbers = read_our_numbers(layouts)
    return _derived(table, our_numbers) if "printed" in table.frame else _scores(table, our_numbers)


def _scores(table: Table, our_numbers: dict[str, OurNumbers]) -> Table:
    """Under each printed row the same of ours, where its family was measured."""
    suffixes = ("_low", "_high")
    fixed = ("family", "method", "n", "metric", "recomputed", "benchmarks")
    columns = [c for c in table.frame.columns if c not in fixed and not c.endswith(suffixes)]
    rows: list[Row] = []
    missing: dict[str, None] = {}
    for row in table.rows():
        rows.append({**row, "source": "paper"})
        ours = _own_row(table.name, row, columns, our_numbers, missing)
        if ours is not None:
            rows.append(ours)
    shown = [*table.columns[:2], Column("", lambda row: row["source"], "left"), *table.columns[2:]]
    notes = [*table.notes, *_notes(table, our_numbers, list(missing))]
    return replace(table, frame=pd.DataFrame(rows), columns=shown, notes=notes)


def _own_row(
    table: str, row: Row, columns: Sequence[str], our_numbers: dict[str, OurNumbers], missing: dict[str, None]
) -> Row | None:
    """Ours for one printed row; None where its family was not measured."""
    family = str(row["family"])
    members = names().pooled if family in _OVER_FAMILIES else (family,)
    if not any(member in our_numbers for member in members):
        return None
    made: Row = {key: row[key] if key in ("family", "method", "n", "metric") else math.nan for key in row}
    made["source"] = "ours"
    several = [column for column in columns if not _is_average(column)]
    for column in columns:
        wanted = [column] if column in several else _members(table, column, several)
        values = [_value(table, row, our_numbers.get(member), wanted, missing) for member in members]
        there = [value for value in values if value is not None]
        made[column] = sum(there) / len(there) if len(there) == len(members) else math.nan
        if column not in several and several and "recomputed" in made:
            made["recomputed"] = made[column]
    return made


def _value(
    table: str, row: Row, our_numbers: OurNumbers | None, wanted: Sequence[str], missing: dict[str, None]
) -> float | None:
    """One cell of one family, in percent, or in points for a difference."""
    if our_numbers is None:
        return None
    label, n = str(row["method"]), int(row["n"])
    labels = names().differences.get(label, (label,))
    means = []
    for part in labels:
        values = our_numbers.values(table, part, n, picked=table in _PICKED)
        if isinstance(values, str):
            missing[values] = None
            return None
        mean = mean_of(values, wanted)
        if mean is None:
            absent = [name for name in wanted if of_benchmark(values, name) is None]
            missing[f"{', '.join(absent)}: not measured"] = None
            return None
        means.append(mean)
    return means[0] - means[1] if len(means) == 2 else means[0]


def _derived(table: Table, our_numbers: dict[str, OurNumbers]) -> Table:
    """A column for ours in a table of differences."""
    rows: list[Row] = []
    missing: dict[str, None] = {}
    for row in table.rows():
        values = _own_differences(table.name, row, our_numbers, missing)
        rows.append({**row, **_summary(values)})
    ours = [
        Column("Ours [95%]", _own_cell),
        Column("n", lambda row: f"{row['ours_units']}" if row["ours_units"] else "–"),
    ]
    notes = [*table.notes, *_notes(table, our_numbers, list(missing))]
    shown = [*table.columns, *ours]
    return replace(table, frame=pd.DataFrame(rows), columns=shown, notes=notes)


def _own_differences(
    table: str, row: Row, our_numbers: dict[str, OurNumbers], missing: dict[str, None]
) -> list[float]:
    """Differences over a family's benchmarks, or over families for an average of them."""
    family = str(row["family"])
    if family not in _OVER_FAMILIES:
        return _of_family(table, row, our_numbers.get(family), missing)
    each = [_of_family(table, row, our_numbers.get(member), missing) for member in names().pooled]
    return [sum(values) / len(values) for values in each] if all(each) else []


def _of_family(table: str, row: Row, our_numbers: OurNumbers | None, missing: dict[str, None]) -> list[float]:
    if our_numbers is None:
        return []
    rival, n = str(row["method"]).removeprefix("vs "), int(row["n"])
    picked = table in _PICKED
    found = []
    for label, size in (("AC/DC", n), (rival, 1 if rival in ("Big Model", "GPT-4o") else n)):
        values = our_numbers.values(table, label, size, picked=picked)
        if isinstance(values, str):
            missing[values] = None
            return []
        found.append(values)
    pairs = [
        tuple(of_benchmark(values, name) for values in found)
        for name in (names().best_of_n if picked else names().coverage)
    ]
    return [ours - theirs for ours, theirs in pairs if ours is not None and theirs is not None]


def _summary(values: Sequence[float]) -> Row:
    low = high = math.nan
    try:
        found = paired_t(list(values), confidence=CONFIDENCE, alternative="two-sided")
        low, high = found.low, found.high
    except NotEnoughDataError:
        pass  # none, one, or no spread: a number without an interval, or no number
    mean = sum(values) / len(values) if values else math.nan
    return {"ours": mean, "ours_low": low, "ours_high": high, "ours_units": len(values)}


def _own_cell(row: Row) -> str:
    return interval(row["ours"], row["ours_low"], row["ours_high"], _points)


def _points(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else fixed(value, 2, plus=True).replace("-", "−")


def _is_average(column: str) -> bool:
    return column.startswith("Average")


def _members(table: str, column: str, several: Sequence[str]) -> list[str]:
    """The benchmarks that an average is of: those of its row, or those named in names.yaml."""
    whole = several or (names().best_of_n if table in _PICKED else names().coverage)
    return [name for name in whole if name not in names().left_out.get(column, ())]


def _notes(table: Table, our_numbers: dict[str, OurNumbers], missing: Sequence[str]) -> list[str]:
    """Where ours come from, and what has no number of ours, and why."""
    printed = {row["family"] for row in table.rows()}
    if printed & set(_OVER_FAMILIES):
        printed |= set(names().pooled)
    wanted = [(ours, family) for ours, family in names().families.items() if family in printed]
    lines = [
        f"Ours of {family}: {our_numbers[family].where}, {len(our_numbers[family].comparison.runs)} run seeds, "
        f"{sum(our_numbers[family].comparison.benchmarks.values())} questions of "
        f"{', '.join(our_numbers[family].comparison.benchmarks)}."
        for _, family in wanted
        if family in our_numbers
    ]
    absent = [f"{family} (`acdc reproduce {ours}`)" for ours, family in wanted if family not in our_numbers]
    if absent:
        lines.append(f"Ours: nothing yet for {', '.join(absent)}.")
    if missing:
        lines.append(f"Without a number of ours: {'; '.join(missing)}.")
    return lines
