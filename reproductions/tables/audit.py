"""The audit of the measurement as tables: cut answers, leaked questions, judges against exact match."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from acdc.numbers.digits import fixed
from reproductions.tables.table import Column, Row, Table
from reproductions.tables.verdicts import headline_sizes
from reproductions.text.numbers import interval, percent, points
from reproductions.text.phrases import short, shown_name, wording

if TYPE_CHECKING:
    from evals.audit.audit import Audit, Gain
    from evals.comparison.document import Comparison


def measurement_tables(
    comparison: "Comparison", audit: "Audit | None", sizes: Sequence[int]
) -> dict[str, Table]:
    """Every table of the audit by name; those without a row are left out."""
    if audit is None:
        return {}
    made = (
        cut_off_table(comparison, audit, sizes),
        leaks_table(comparison, audit),
        leak_gains_table(comparison, audit, sizes),
        judged_table(comparison, audit),
    )
    return {table.name: table for table in made if len(table.frame)}


def cut_off_table(comparison: "Comparison", audit: "Audit", sizes: Sequence[int]) -> Table:
    """Answers cut off by method and benchmark, and the result without those questions."""
    names = list(comparison.benchmarks)
    rows: list[Row] = []
    for n in headline_sizes(comparison, sizes):
        for one in (one for one in audit.cut_off if n == (one.ours_n or one.n)):
            row: Row = {
                "method": shown_name(comparison, comparison.method(one.method).name),
                "id": one.method,
                "n": one.n,
                "mean": sum(one.shares.values()) / len(one.shares),
                **{f"cut_{name}": one.shares[name] for name in names},
                **_gain("coverage", one.coverage),
                **_gain("without", one.without),
                **_gain("gain", one.gain),
                **_gain("gain_without", one.gain_without),
                "ours": one.method == comparison.ours,
                "block": f"N = {n}",
            }
            rows.append(row)
    columns = [
        Column("Method", lambda row: row["method"], "left"),
        Column("N", lambda row: f"{row['n']}"),
        Column("Cut off, %", lambda row: percent(row["mean"])),
        *(Column(short(name), _plain(f"cut_{name}")) for name in names),
        Column("Coverage, %", lambda row: percent(row["coverage"])),
        Column("without those", lambda row: percent(row["without"])),
        Column("questions left", lambda row: _count(row["without_questions"])),
        Column("Task force minus it", _cell("gain")),
        Column("without both", _cell("gain_without")),
    ]
    caption, notes = wording("cut_off", comparison)
    return Table("cut_off", caption, _frame(rows), columns, notes, group="block", emphasis="ours")


def leaks_table(comparison: "Comparison", audit: "Audit") -> Table:
    """How near synthetic tasks come to the questions of each benchmark."""
    rows = [one.model_dump() for one in audit.leaks]
    columns = [
        Column("Benchmark", lambda row: short(row["benchmark"]), "left"),
        Column("Questions", lambda row: f"{row['questions']}"),
        Column("Sharing 13 words", lambda row: f"{row['overlapping']}"),
        Column("Too short to say", lambda row: f"{row['too_short']}"),
        Column(f"Cosine ≥ {audit.near:g}", lambda row: f"{row['near']}"),
        Column("Median cosine", lambda row: fixed(row["median"], 2)),
        Column("Largest", lambda row: fixed(row["largest"], 2)),
    ]
    caption, notes = wording("leaks", comparison, tasks=audit.tasks, embedder=audit.embedder)
    return Table("leaks", caption, pd.DataFrame(rows), columns, notes)


def leak_gains_table(comparison: "Comparison", audit: "Audit", sizes: Sequence[int]) -> Table:
    """The differences without leaked questions."""
    rows: list[Row] = [
        {
            "rival": shown_name(comparison, comparison.method(one.rival).name),
            "id": one.rival,
            "n": one.n,
            **_gain("all", one.all),
            **_gain("without_overlapping", one.without_overlapping),
            **_gain("without_near", one.without_near),
            "block": f"N = {one.n}",
        }
        for n in headline_sizes(comparison, sizes)
        for one in audit.leak_gains
        if one.n == n
    ]
    columns = [
        Column("Rival", lambda row: row["rival"], "left"),
        Column("All questions", _cell("all")),
        Column("without shared words", _cell("without_overlapping")),
        Column("questions", lambda row: _count(row["without_overlapping_questions"])),
        Column("without near ones", _cell("without_near")),
        Column("questions", lambda row: _count(row["without_near_questions"])),
    ]
    caption, notes = wording("leak_gains", comparison, near=f"{audit.near:g}")
    return Table("leak_gains", caption, _frame(rows), columns, notes, group="block")


def judged_table(comparison: "Comparison", audit: "Audit") -> Table:
    """Judge against exact match."""
    rows = [
        {"benchmark": name, **counts, "all": sum(counts.values())} for name, counts in audit.judged.items()
    ]
    columns = [
        Column("Benchmark", lambda row: short(row["benchmark"]), "left"),
        Column("Answers", lambda row: f"{row['all']:,}"),
        Column("Both right", lambda row: f"{row['both']:,}"),
        Column("Judge only", lambda row: f"{row['judge']:,}"),
        Column("Exact match only", lambda row: f"{row['exact']:,}"),
        Column("Neither", lambda row: f"{row['neither']:,}"),
        Column("Disagree, %", lambda row: percent((row["judge"] + row["exact"]) / row["all"])),
    ]
    caption, notes = wording("judged", comparison)
    return Table("judged", caption, pd.DataFrame(rows), columns, notes)


def _gain(name: str, gain: "Gain | None") -> Row:
    parts = {"": "mean", "_low": "low", "_high": "high", "_questions": "questions"}
    return {f"{name}{end}": None if gain is None else getattr(gain, part) for end, part in parts.items()}


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Numbers that are nowhere there are numbers all the same."""
    frame = pd.DataFrame(rows)
    words = {"method", "rival", "id", "block", "ours", "n"}
    return frame.astype({name: "float64" for name in frame.columns if name not in words})


def _cell(name: str) -> Callable[[Row], str]:
    return lambda row: interval(row[name], row[f"{name}_low"], row[f"{name}_high"], points)


def _plain(name: str) -> Callable[[Row], str]:
    return lambda row: percent(row[name])


def _count(value: float) -> str:
    return "–" if pd.isna(value) else fixed(value, 0)
