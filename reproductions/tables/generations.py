"""The table "coverage by generation": does a longer run give a better task force on unseen benchmarks?"""

from typing import TYPE_CHECKING

import pandas as pd

from reproductions.tables.table import Column, Row, Table
from reproductions.tables.verdicts import coverage_cell, difference_cell
from reproductions.text.phrases import wording

if TYPE_CHECKING:
    from evals.comparison.document import Comparison


def generations_table(comparison: "Comparison") -> Table | None:
    """Coverage of the task forces of earlier generations and of the whole run; None where none was asked for."""
    if not comparison.generations:
        return None
    rows: list[Row] = [
        {
            "block": f"{row.variant}, N = {row.n}",
            "variant": row.variant,
            "n": row.n,
            "generation": row.generation,
            "coverage": row.coverage.mean,
            "low": row.coverage.low,
            "high": row.coverage.high,
            "difference": row.gain.mean if row.gain else None,
            "difference_low": row.gain.low if row.gain else None,
            "difference_high": row.gain.high if row.gain else None,
            "whole": row.generation is None,
        }
        for row in comparison.generations
    ]
    columns = [
        Column("Task force of", lambda row: _name(row), "left"),
        Column(f"Coverage, % [{comparison.confidence:.0%}]", coverage_cell),
        Column(f"Gain over the earliest [{comparison.confidence:.0%}]", _gain),
    ]
    caption, notes = wording("generations", comparison)
    # Numbers that may be absent are floats in the frame, so that absent is one thing in all formats.
    numbers = dict.fromkeys(("generation", "difference", "difference_low", "difference_high"), "float64")
    frame = pd.DataFrame(rows).astype(numbers)
    return Table("generations", caption, frame, columns, notes, group="block", emphasis="whole")


def _name(row: Row) -> str:
    return "the whole run" if row["whole"] else f"generation {row['generation']:.0f}"


def _gain(row: Row) -> str:
    return "–" if pd.isna(row["difference"]) else difference_cell(row)
