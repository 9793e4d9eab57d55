"""Finding rows and scores in the printed tables by the names that claims use."""

from collections.abc import Iterable, Sequence

from reproductions.paper.pooling import Aliases
from reproductions.paper.published import Cell

Row = tuple[str, str, str, int, str]  # table, family, method, n, metric


class Lookup:
    """Rows of all tables, and scores by name."""

    def __init__(self, cells: Sequence[Cell], aliases: Aliases) -> None:
        self.cells, self.aliases = cells, aliases
        self.rows: dict[Row, dict[str, Cell]] = {}
        for cell in cells:
            self.rows.setdefault(cell.row, {})[cell.benchmark] = cell

    def benchmarks(self, row: Row) -> dict[str, Cell]:
        """The columns of a row that are no averages."""
        return {name: cell for name, cell in self.rows[row].items() if not self.aliases.is_average(name)}

    def find(self, tables: Iterable[str], family: str, method: str, n: int, metric: str) -> Row | None:
        """The first row that a name means, in these tables."""
        meant = self.aliases.rows(method, n, family)
        for row in self.rows:
            if row[0] in tables and row[4] == metric and meant.match(row[0], row[1], row[2], row[3]):
                return row
        return None

    def score(self, row: Row, benchmark: str) -> float | None:
        """A cell, or the mean of the row's benchmarks where an average is asked for and they are printed."""
        parts = self.benchmarks(row)
        if self.aliases.is_average(benchmark) and parts:
            kept = [cell.value for name, cell in parts.items() if not left_out(benchmark, name)]
            return sum(kept) / len(kept)
        cell = self.rows[row].get(benchmark)
        return cell.value if cell else None

    def difference(
        self,
        tables: Iterable[str],
        family: str,
        method: str,
        baseline: str,
        n: int,
        metric: str,
        benchmark: str,
    ) -> float | None:
        """Method − baseline, or None where one of them is not printed."""
        tables = tuple(tables)
        ours, theirs = (self.find(tables, family, name, n, metric) for name in (method, baseline))
        if ours is None or theirs is None:
            return None
        a, b = self.score(ours, benchmark), self.score(theirs, benchmark)
        return None if a is None or b is None else a - b


def left_out(average: str, benchmark: str) -> bool:
    """Whether "Average excl. Minerva" leaves out "Minerva-MATH"."""
    _, _, excluded = average.partition("excl.")
    return bool(excluded.strip()) and excluded.strip() in benchmark


def row_name(row: Row) -> str:
    """A row as a person would name it."""
    return f"{row[0]}: {row[1]}, {row[2]}, N={row[3]}"
