"""Every table of a family, each made from its comparison and from nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from reproductions.tables.best_of_n import best_of_n_table
from reproductions.tables.details import (
    benchmarks_table,
    cost_table,
    guesses_table,
    margins_table,
    members_table,
    tests_table,
)
from reproductions.tables.generations import generations_table
from reproductions.tables.table import Table
from reproductions.tables.verdicts import main_table, variants_table

if TYPE_CHECKING:
    from evals.comparison.document import Comparison

__all__ = [
    "all_tables",
    "benchmarks_table",
    "best_of_n_table",
    "cost_table",
    "generations_table",
    "guesses_table",
    "main_table",
    "margins_table",
    "members_table",
    "tests_table",
    "variants_table",
]


def all_tables(
    comparison: "Comparison", sizes: Sequence[int], printed: Mapping[str, float] | None = None
) -> dict[str, Table]:
    """Every table of a family by name, at the sizes; tables without a row are left out. `printed`: see :func:`main_table`."""
    made: Iterable[Table | None] = (
        main_table(comparison, sizes, printed),
        benchmarks_table(comparison),
        best_of_n_table(comparison, sizes),
        variants_table(comparison, sizes),
        generations_table(comparison),
        members_table(comparison),
        margins_table(comparison, 12),
        guesses_table(comparison),
        cost_table(comparison),
        tests_table(comparison),
    )
    return {table.name: table for table in made if table is not None and len(table.frame)}
