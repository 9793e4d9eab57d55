"""The published tables, rebuilt from published.csv: scores with intervals over questions, differences recomputed.

Guarantees: what is printed is shown as printed; an average is also recomputed from its row, a difference from the tables it comes
from. Does not give what no table holds: run seeds, and so no interval covers another run.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import pandas as pd

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.digits import fixed
from evals.significance import paired_t
from reproductions.paper.contradictions import ROUNDED_TWICE
from reproductions.paper.lookup import Lookup, row_name
from reproductions.paper.pooling import read_aliases
from reproductions.paper.published import Cell, read_published
from reproductions.paper.statements import DifferenceRule, Text, read_text
from reproductions.tables.details import wilson_share
from reproductions.tables.table import Column, Row, Table
from reproductions.text.numbers import interval

FOLDER = Path(__file__).parent
CONFIDENCE = 0.95
_NAME = re.compile(r"table ?(\d+)", re.IGNORECASE)


class Print:
    """All that was printed, ready to be shown as tables.

    Args:
        cells: The published numbers.
        lookup: The same by name.
        text: Which numbers follow from which, and how many questions there are.
    """

    def __init__(self, cells: Sequence[Cell], lookup: Lookup, text: Text) -> None:
        self._cells, self._lookup, self._text = cells, lookup, text
        self._questions = dict(text.questions)

    @classmethod
    def read(cls, folder: Path = FOLDER) -> "Print":
        """The files of a folder: published.csv, aliases.yaml and what read_text reads.

        Raises:
            InputError: A file is missing or not what its columns promise.
        """
        cells = read_published(folder / "published.csv")
        return cls(cells, Lookup(cells, read_aliases(folder / "aliases.yaml")), read_text(folder))

    def names(self) -> list[str]:
        """Tables that can be shown, in the order of their numbers."""
        shown = {cell.table for cell in self._cells if _NAME.fullmatch(cell.table)}
        kept = [name for name in shown if name in _texts().captions]
        return sorted(kept, key=lambda name: int(name.removeprefix("table")))

    def table(self, name: str) -> Table:
        """One table.

        Args:
            name: "table6".

        Raises:
            InputError: There is no such table in the file.
        """
        if name not in self.names():
            known = sum(cell.table == name for cell in self._cells)
            why = (
                f"{name}: published.csv holds {known} numbers of it, of which none is a method's score"
                if known
                else f"there is no {_title(name).lower()} in published.csv"
            )
            raise InputError(f"{why}; there are {', '.join(self.names())}")
        rules = [rule for rule in self._text.derivations.differences if rule.table == name]
        whole = [rule for rule in rules if rule.rows.startswith("vs")]
        return self._derived(name, whole[0]) if whole else self._scores(name)

    def _scores(self, name: str) -> Table:
        """Rows as printed, benchmarks in columns."""
        found = [row for row in self._lookup.rows if row[0] == name]
        columns = list(dict.fromkeys(b for row in found for b in self._lookup.rows[row]))
        rows = [self._score_row(row, columns) for row in found]
        frame = pd.DataFrame(rows)
        several = any(not self._lookup.aliases.is_average(column) for column in columns)
        shown = [
            Column("Method", lambda row: row["method"], "left"),
            Column("N", lambda row: f"{row['n']}"),
            *(Column(column, _score_cell(column)) for column in columns),
        ]
        if several:
            shown.append(Column("Average, recomputed", _score_cell("recomputed")))
        sizes = ", ".join(f"{b} {self._questions[b]}" for b in columns if b in self._questions)
        notes = _texts().notes
        lines = [notes["questions"].format(sizes=sizes) if several else notes["averages"], notes["source"]]
        caption = _texts().scores.format(title=_title(name), caption=_texts().captions[name])
        if not several:
            caption = caption.split("; brackets")[0] + "."
        return Table(name, caption, frame, shown, lines, group="family")

    def _score_row(self, row: tuple[str, str, str, int, str], columns: Sequence[str]) -> Row:
        _, family, method, n, metric = row
        values = self._lookup.rows[row]
        made: Row = {"family": family, "method": method, "n": n, "metric": metric}
        share = metric.endswith("_pct")
        for column in columns:
            cell = values.get(column)
            made[column] = cell.value if cell else math.nan
            made[f"{column}_low"], made[f"{column}_high"] = (
                self._wilson(cell, column) if cell and share else (math.nan, math.nan)
            )
        parts = self._lookup.benchmarks(row)
        if parts:
            made["recomputed"] = sum(cell.value for cell in parts.values()) / len(parts)
            half = self._half_of_mean(parts) if share else math.nan
            made["recomputed_low"], made["recomputed_high"] = (
                made["recomputed"] - half,
                made["recomputed"] + half,
            )
            made["benchmarks"] = len(parts)
        return made

    def _wilson(self, cell: Cell, benchmark: str) -> tuple[float, float]:
        questions = self._questions.get(benchmark)
        if questions is None:
            return math.nan, math.nan
        _, low, high = wilson_share(cell.value / 100, questions, CONFIDENCE)
        return 100 * low, 100 * high

    def _half_of_mean(self, parts: Mapping[str, Cell]) -> float:
        """Half the normal interval of a mean over benchmarks, nan where a number of questions is not known."""
        if any(benchmark not in self._questions for benchmark in parts):
            return math.nan
        shares = [(cell.value / 100, self._questions[benchmark]) for benchmark, cell in parts.items()]
        variance = sum(share * (1 - share) / questions for share, questions in shares) / len(parts) ** 2
        return 100 * NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * math.sqrt(variance)

    def _derived(self, name: str, rule: DifferenceRule) -> Table:
        """Printed differences beside those that follow from other tables."""
        cells = [cell for cell in self._cells if cell.table == name and cell.metric == rule.metric]
        families = [
            family
            for family in dict.fromkeys(cell.family for cell in cells)
            if not self._lookup.aliases.is_average(family)
        ]
        rows = []
        for cell in cells:
            if self._lookup.aliases.is_average(cell.family):
                each = [self._differences(rule, cell, family) for family in families]
                values = [sum(found) / len(found) for found in each if found]
                values = values if len(values) == len(families) else []
            else:
                values = self._differences(rule, cell, cell.family)
            rows.append(_derived_row(cell, values))
        columns = [
            Column("Rival", lambda row: row["method"].removeprefix("vs "), "left"),
            Column("N", lambda row: f"{row['n']}"),
            Column("Printed", lambda row: _points(row["printed"])),
            Column("Recomputed [95%]", _recomputed_cell),
            Column("n", lambda row: f"{row['units']}" if row["units"] else "–"),
            Column("Verdict", lambda row: row["verdict"], "left"),
        ]
        caption = _texts().derived.format(
            title=_title(name),
            caption=_texts().captions[name],
            tables=" and ".join(map(_title, rule.tables)),
        )
        notes = _texts().notes
        return Table(
            name,
            caption,
            pd.DataFrame(rows),
            columns,
            [notes["derived"].format(rounding=ROUNDED_TWICE), notes["source"]],
            group="family",
            emphasis="differs",
        )

    def _differences(self, rule: DifferenceRule, cell: Cell, family: str) -> list[float]:
        """Paired differences over the benchmarks of a family; empty where a row is not printed."""
        baseline = rule.baseline or cell.method.removeprefix("vs ")
        found = [
            self._lookup.find(rule.tables, family, method, cell.n, rule.of)
            for method in (rule.method, baseline)
        ]
        if found[0] is None or found[1] is None:
            return []
        ours, theirs = (self._lookup.benchmarks(row) for row in found if row is not None)
        if ours.keys() != theirs.keys():
            raise InputError(
                f"{row_name(found[0])} and {row_name(found[1])} are not printed for the same benchmarks"
            )
        return [ours[benchmark].value - theirs[benchmark].value for benchmark in ours]


def normal_name(name: str) -> str:
    """The name of a published table as files write it: "Table 6" and "6" are "table6"."""
    text = name.strip()
    found = _NAME.fullmatch(text if not text.isdigit() else f"table{text}")
    return f"table{int(found[1])}" if found else text


def _derived_row(cell: Cell, values: Sequence[float]) -> Row:
    low = high = mean = math.nan
    if values:
        mean = sum(values) / len(values)
        try:
            found = paired_t(values, confidence=CONFIDENCE, alternative="two-sided")
            low, high = found.low, found.high
        except NotEnoughDataError:
            pass  # a single one, or no spread: the number without an interval
    differs = bool(values) and abs(mean - cell.value) > ROUNDED_TWICE
    return {
        "family": cell.family,
        "method": cell.method,
        "n": cell.n,
        "printed": cell.value,
        "recomputed": mean,
        "low": low,
        "high": high,
        "units": len(values),
        "differs": differs,
        "verdict": "not printed" if not values else "differs" if differs else "agrees",
    }


def _score_cell(column: str) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        number = _points if row["metric"].endswith("_pp") else _percent
        return interval(row[column], row[f"{column}_low"], row[f"{column}_high"], number)

    return show


def _recomputed_cell(row: Row) -> str:
    return interval(row["recomputed"], row["low"], row["high"], _points)


def _percent(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else fixed(value, 2)


def _points(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else fixed(value, 2, plus=True).replace("-", "−")


def _title(name: str) -> str:
    return f"Table {name.removeprefix('table')}"


class _Texts(NamedTuple):
    """`printed.yaml`."""

    captions: dict[str, str]
    scores: str
    derived: str
    notes: dict[str, str]


@cache
def _texts() -> _Texts:
    import yaml

    return _Texts(**yaml.safe_load((FOLDER / "printed.yaml").read_text(encoding="utf-8")))
