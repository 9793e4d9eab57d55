"""One final answer of N: the table of ways to choose, and what of it a figure shows."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from reproductions.figures.span import Span
from reproductions.tables.table import Column, Row, Table
from reproductions.tables.verdicts import headline_sizes
from reproductions.text.numbers import interval, percent, points
from reproductions.text.phrases import phrase, shown_name, wording

if TYPE_CHECKING:
    from evals.best_of_n.document import FinalAnswer, Share
    from evals.comparison.document import Comparison

_NUMBERS = (
    "chosen", "chosen_low", "chosen_high", "random", "covered", "efficiency", "efficiency_low", "efficiency_high",
    "gain", "gain_low", "gain_high", "drawn", "calls", "unparsable",
)  # fmt: skip


def best_of_n_table(comparison: "Comparison", sizes: Sequence[int] = (3, 8)) -> Table:
    """Every method with one final answer, at the headline sizes, each way to choose for itself."""
    found = comparison.best_of_n
    rows = [
        _row(comparison, one, n)
        for name in dict.fromkeys(one.selector for one in found.rows)
        for n in headline_sizes(comparison, sizes)
        for one in found.rows
        if one.selector == name and n == (one.ours_n or one.n)
    ]
    level = f"[{comparison.confidence:.0%}]"
    columns = [
        Column("Method", lambda row: row["method"], "left"),
        Column("N", lambda row: f"{row['n']}"),
        Column(f"Right, % {level}", _cell("chosen", percent)),
        Column("Random choice, %", lambda row: percent(row["random"])),
        Column("Perfect choice, %", lambda row: percent(row["covered"])),
        Column(f"Efficiency, % {level}", _cell("efficiency", percent)),
        Column(f"Task force minus it {level}", _cell("gain", points)),
        Column("Left to chance, %", lambda row: percent(row["drawn"])),
    ]
    if any(one.calls for one in found.rows):
        columns.append(Column("Calls (no verdict)", lambda row: f"{row['calls']:,} ({row['unparsable']:,})"))
    caption, notes = wording("best_of_n", comparison, compared_by=found.compared_by)
    notes += [phrase("best_of_n", "not_run", selector=name, why=why) for name, why in found.not_run.items()]
    notes += [
        phrase("best_of_n", "without", selector=name, methods=", ".join(_names(comparison, ids)))
        for name, ids in found.without.items()
    ]
    withheld = list(dict.fromkeys(name for one in found.rows for name in one.instead))
    if withheld:
        notes.append(phrase("best_of_n", "instead", benchmarks=", ".join(withheld)))
    notes += _judge(comparison)
    names = ["method", "id", "selector", "n", *_NUMBERS, "sets", "ours", "block"]
    frame = pd.DataFrame(rows, columns=names)
    frame = frame.astype({name: "float64" for name in _NUMBERS if name not in ("calls", "unparsable")})
    return Table("best_of_n", caption, frame, columns, notes, group="block", emphasis="ours")


def spans(comparison: "Comparison", selector: str, n: int) -> list[Span]:
    """What a figure shows of one way to choose at one N: methods that have something to choose from."""
    return [
        Span(
            shown_name(comparison, comparison.method(one.method).name),
            one.random,
            one.covered,
            one.chosen.mean,
            one.chosen.low,
            one.chosen.high,
            one.method == comparison.ours,
        )
        for one in comparison.best_of_n.rows
        if one.selector == selector and n == (one.ours_n or one.n)
    ]


def _row(comparison: "Comparison", one: "FinalAnswer", n: int) -> Row:
    return {
        "method": shown_name(comparison, comparison.method(one.method).name),
        "id": one.method,
        "selector": one.selector,
        "n": one.n,
        **_share("chosen", one.chosen),
        "random": one.random,
        "covered": one.covered,
        **_share("efficiency", one.efficiency),
        **_share("gain", one.gain),
        "drawn": one.drawn,
        "calls": one.calls,
        "unparsable": one.unparsable,
        "sets": one.sets,
        "ours": one.method == comparison.ours,
        "block": phrase("best_of_n", "block", selector=one.selector.replace("_", " "), n=n),
    }


def _names(comparison: "Comparison", ids: Sequence[str]) -> list[str]:
    return [shown_name(comparison, comparison.method(id).name) for id in ids]


def _share(name: str, share: "Share | None") -> Row:
    parts = {"": "mean", "_low": "low", "_high": "high"}
    return {f"{name}{end}": None if share is None else getattr(share, part) for end, part in parts.items()}


def _cell(name: str, show: Callable[[float | None], str]) -> Callable[[Row], str]:
    return lambda row: interval(row[name], row[f"{name}_low"], row[f"{name}_high"], show)


def _judge(comparison: "Comparison") -> list[str]:
    judge = comparison.best_of_n.judge
    if judge is None:
        return []
    bias = "–" if judge.bias is None else points(judge.bias)
    counts = judge.model_dump(exclude={"bias"})
    return [phrase("best_of_n", "judge", bias=bias, **counts)]
