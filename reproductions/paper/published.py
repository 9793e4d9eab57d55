"""Tables of scores in long form: one line per number, with the columns of published.csv."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from acdc.errors import InputError

FOLDER = Path(__file__).parent
COLUMNS = ("table", "family", "method", "n", "benchmark", "metric", "value")
_API_MODEL = ("GPT-4o", "Big Model", "coverage_pct")


@dataclass(frozen=True)
class Cell:
    """One printed number.

    Attributes:
        line: Of the file, the header being 1.
        table: Where it is printed.
        family: Model family.
        method: Row label.
        n: Number of answers per question.
        benchmark: Column label.
        metric: What the number is, with its unit.
        value: Finite. A printed "<0.0001" is 0.0001.
        decimals: Digits printed after the point.
    """

    line: int
    table: str
    family: str
    method: str
    n: int
    benchmark: str
    metric: str
    value: float
    decimals: int

    @property
    def row(self) -> tuple[str, str, str, int, str]:
        """What identifies the row of a table that the number stands in."""
        return (self.table, self.family, self.method, self.n, self.metric)


def read_rows(
    path: Path, columns: Iterable[str], optional: Iterable[str] = ()
) -> list[tuple[int, dict[str, str]]]:
    """Lines of a CSV file with their numbers, after checking that it has the columns.

    Raises:
        InputError: The file is missing, is no text, lacks a column, or a line has too few or too many fields.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="?", restval=None)
            rows = [(reader.line_num, row) for row in reader]
            names = list(reader.fieldnames or [])
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV: {error}") from error
    missing = [name for name in columns if name not in names]
    if missing:
        raise InputError(f"{path}: column {missing[0]!r} is missing; expected {', '.join(columns)}")
    for line, row in rows:
        if "?" in row or None in row.values():
            raise InputError(f"{path}, line {line}: expected {len(names)} fields")
    wanted = [*columns, *optional]
    return [
        (line, {name: (row[name] or "").strip() for name in wanted if name in names}) for line, row in rows
    ]


def number(text: str, where: str) -> float:
    """A finite number.

    Raises:
        InputError: It is none; the message begins with `where`.
    """
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"{where}: expected a number, got {text!r}") from error
    if not math.isfinite(value):
        raise InputError(f"{where}: expected a finite number, got {text!r}")
    return value


def whole(text: str, where: str) -> int:
    """A whole number that is not negative.

    Raises:
        InputError: It is none; the message begins with `where`.
    """
    value = number(text, where)
    if value < 0 or value != int(value):
        raise InputError(f"{where}: expected a whole number, got {text!r}")
    return int(value)


def read_published(path: Path) -> list[Cell]:
    """The numbers of a file in the columns of published.csv.

    Raises:
        InputError: A column is missing, a field is empty, text stands where a number belongs, or one table gives two
            different values for one cell. The message names the line.
    """
    cells: list[Cell] = []
    seen: dict[tuple[object, ...], Cell] = {}
    for line, row in read_rows(path, COLUMNS):
        where = f"{path}, line {line}"
        empty = [name for name in COLUMNS if not row[name]]
        if empty:
            raise InputError(f"{where}: {empty[0]} is empty")
        text = row["value"]
        bound = row["metric"].startswith("p_") and text.startswith("<")
        cell = Cell(
            line,
            row["table"],
            row["family"],
            row["method"],
            whole(row["n"], f"{where}, n"),
            row["benchmark"],
            row["metric"],
            number(text.removeprefix("<") if bound else text, f"{where}, value"),
            len(text.partition(".")[2]),
        )
        other = seen.setdefault((*cell.row, cell.benchmark), cell)
        if other.value != cell.value:
            raise InputError(
                f"{where}: {cell.table} gives {cell.value} for {cell.family}, {cell.method}, N={cell.n}, "
                f"{cell.benchmark}, and line {other.line} gives {other.value}"
            )
        if other is cell:
            cells.append(cell)
    if not cells:
        raise InputError(f"{path}: there is no number in it")
    return cells


def published_api_model(family: str, folder: Path = FOLDER) -> dict[str, float]:
    """Coverage of GPT-4o, asked once, in percent by benchmark and as "Average"; empty for families that the paper does not have.

    Args:
        family: Its name here.
        folder: With published.csv and expected.yaml.

    Raises:
        InputError: A file is not what its columns promise.
    """
    families = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))["families"]
    if family not in families:
        return {}
    cells = read_published(folder / "published.csv")
    return {
        cell.benchmark: cell.value for cell in cells if (cell.family, cell.method, cell.metric) == _API_MODEL
    }
