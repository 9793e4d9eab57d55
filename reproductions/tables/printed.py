"""The main table as it is printed, cell by cell: what a reader compares with the README, digit for digit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from acdc.errors import InputError, NotEnoughDataError
from acdc.parsing.section import Section
from reproductions.tables.verdicts import main_table

if TYPE_CHECKING:
    from evals.comparison.document import Comparison

FILE = "table.json"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class PrintedRow(Section):
    """One row of the table.

    Attributes:
        n: N of its block.
        id: Of the method, as in :class:`evals.comparison.document.MethodResult`.
        name: As printed.
        cells: What is printed, by the title of the column.
    """

    n: int
    id: str
    name: str
    cells: dict[str, str]


class Printed(Section):
    """table.json.

    Attributes:
        family: Of models.
        runs: Run seeds behind it.
        benchmarks: With their number of questions.
        rows: In the order of the table.
    """

    schema_version: Literal[1]
    family: str
    runs: list[int]
    benchmarks: dict[str, int]
    rows: list[PrintedRow]

    def cells(self) -> dict[tuple[str, ...], str]:
        """Every cell, by (block, method, column)."""
        return {
            (f"N = {row.n}", row.name, title): text for row in self.rows for title, text in row.cells.items()
        }

    def numbers(self) -> int:
        """How many numbers it prints."""
        return sum(len(_NUMBER.findall(text)) for row in self.rows for text in row.cells.values())


@dataclass(frozen=True)
class CellDifference:
    """A cell that is printed otherwise.

    Attributes:
        n: N of the block.
        id: Of the method.
        name: Of the method, as printed.
        column: Title of the column; empty where the whole row is missing.
        printed: What is there now; None where the row is not.
        expected: What should be; None where the row should not.
    """

    n: int
    id: str
    name: str
    column: str
    printed: str | None
    expected: str | None


def printed_of(comparison: "Comparison", sizes: Sequence[int]) -> Printed:
    """The main table of a comparison, as `acdc summary` prints it.

    Args:
        comparison: Of one family.
        sizes: N that are to be shown (`report.headline_sizes`).
    """
    table = main_table(comparison, sizes)
    titles = [column.title for column in table.columns[1:]]
    rows = [
        PrintedRow(n=row["n"], id=row["id"], name=cells[0], cells=dict(zip(titles, cells[1:], strict=True)))
        for row, cells in zip(table.rows(), table.cells(), strict=True)
    ]
    return Printed(
        schema_version=1,
        family=comparison.family,
        runs=list(comparison.runs),
        benchmarks=dict(comparison.benchmarks),
        rows=rows,
    )


def read_printed(path: Path) -> Printed:
    """The table that is expected.

    Raises:
        NotEnoughDataError: There is none.
        InputError: It is damaged.
    """
    if not path.is_file():
        raise NotEnoughDataError(
            f"{path}: there is no expected table yet; `acdc verify {path.parent.name} --write` makes it from a "
            "finished comparison"
        )
    try:
        return Printed.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: damaged ({where}: {first['msg']})") from None


def cell_differences(printed: Printed, expected: Printed) -> list[CellDifference]:
    """Every cell that is printed otherwise, in the order of the expected table; then rows that should not be there."""
    here = {(row.n, row.id): row for row in printed.rows}
    wanted = {(row.n, row.id): row for row in expected.rows}
    found = []
    for place, row in wanted.items():
        if place not in here:
            found.append(CellDifference(row.n, row.id, row.name, "", None, "a row"))
            continue
        found += [
            CellDifference(row.n, row.id, row.name, title, here[place].cells.get(title), row.cells.get(title))
            for title in dict.fromkeys([*row.cells, *here[place].cells])
            if here[place].cells.get(title) != row.cells.get(title)
        ]
    found += [
        CellDifference(row.n, row.id, row.name, "", "a row", None)
        for place, row in here.items()
        if place not in wanted
    ]
    return found
