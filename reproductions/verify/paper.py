"""Expected numbers of the published families, from the published tables; ``python -m reproductions.verify.paper`` writes them."""

from collections.abc import Sequence
from pathlib import Path

from acdc.files import write_text
from acdc.parsing.section import Section
from acdc.parsing.yaml import read_yaml_file
from reproductions.paper.pooling import Aliases, read_aliases
from reproductions.paper.published import Cell, read_published
from reproductions.paper.statements import Text, read_text
from reproductions.verify.expected import Expected, ExpectedCell, expected_file

FOLDER = Path(__file__).parents[1] / "paper"


class Naming(Section):
    """expected.yaml, described there."""

    families: dict[str, str]
    tables: tuple[str, ...]
    metric: str
    methods: dict[str, str]


def published_expected(folder: Path = FOLDER) -> dict[str, Expected]:
    """What the published tables expect of each family, by the family's name here.

    Raises:
        InputError: A file of the folder is missing or not what its columns promise.
    """
    naming = Naming.model_validate(read_yaml_file(folder / "expected.yaml"))
    cells, aliases = read_published(folder / "published.csv"), read_aliases(folder / "aliases.yaml")
    text = read_text(folder)
    return {
        family: _of_family(family, printed, naming, cells, aliases, text)
        for family, printed in naming.families.items()
    }


def _of_family(
    family: str, printed: str, naming: Naming, cells: Sequence[Cell], aliases: Aliases, text: Text
) -> Expected:
    questions = dict(text.questions)
    mine = [
        cell
        for cell in cells
        if cell.table in naming.tables
        and cell.family == printed
        and cell.metric == naming.metric
        and cell.method in naming.methods
    ]
    found: dict[tuple[str, int, str], ExpectedCell] = {}
    for cell in mine:
        average = aliases.is_average(cell.benchmark)
        row = [other.benchmark for other in mine if other.row == cell.row]
        names = [name for name in row if not aliases.is_average(name)] if average else [cell.benchmark]
        key = (naming.methods[cell.method], cell.n, "" if average else cell.benchmark)
        made = ExpectedCell(
            where=f"{cell.table}, {cell.method}, N={cell.n}, {cell.benchmark}",
            method=naming.methods[cell.method],
            n=cell.n,
            benchmarks={name: questions.get(name, 0) for name in names},
            value=round(cell.value / 100, 6),
            rounding=0.5 * 10.0 ** (-cell.decimals) / 100,
        )
        found.setdefault(key, made)
    tables = [table for table in naming.tables if any(cell.table == table for cell in mine)]
    return Expected(
        schema_version=1,
        family=family,
        source=f"arXiv:2604.14969v1, {printed}, {' and '.join(tables)}, one run, as printed",
        cells=list(found.values()),
    )


def main() -> None:
    """Write the file of every published family."""
    for family, expected in published_expected().items():
        write_text(expected_file(family), expected.model_dump_json(indent=1, exclude_defaults=True) + "\n")


if __name__ == "__main__":
    main()
