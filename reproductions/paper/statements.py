"""What is known beside the tables: which numbers follow from which, what the text says, how many questions there are.

derivations.yaml, statements.csv and questions.csv of one folder; all of them facts about a print, none about a run.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from acdc.errors import InputError
from acdc.parsing.section import Section
from acdc.parsing.yaml import read_yaml_file
from reproductions.paper.published import number, read_rows, whole

STATEMENT_COLUMNS = (
    "id",
    "where",
    "family",
    "method",
    "baseline",
    "n",
    "benchmark",
    "tables",
    "metric",
    "printed",
)


class DifferenceRule(Section):
    """A table whose numbers are differences of rows of other tables."""

    table: str
    metric: str
    rows: str
    method: str
    baseline: str | None = None
    tables: tuple[str, ...]
    of: str


class LengthRule(Section):
    """The same rows with long and with short answers."""

    long: tuple[str, ...]
    short: tuple[str, ...]
    metric: str
    method: str


class Derivations(Section):
    """derivations.yaml, described there."""

    differences: tuple[DifferenceRule, ...] = ()
    answer_length: tuple[LengthRule, ...] = ()
    grows_with_n: tuple[str, ...] = ()
    means: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statement:
    """A sentence about a difference.

    Attributes:
        id: Unique name.
        where: Where it is said.
        family: Model family.
        method: Who is compared.
        baseline: With whom.
        n: Answers per question.
        benchmark: Column; "Average" is recomputed from its benchmarks where they are printed.
        tables: Where the scores stand.
        metric: Which.
        printed: A number, or ">0".
    """

    id: str
    where: str
    family: str
    method: str
    baseline: str
    n: int
    benchmark: str
    tables: tuple[str, ...]
    metric: str
    printed: str


@dataclass(frozen=True)
class Text:
    """What is known beside the tables.

    Attributes:
        derivations: Which numbers follow from which.
        statements: What is said about differences.
        questions: Number of questions of each benchmark.
    """

    derivations: Derivations = field(default_factory=Derivations)
    statements: tuple[Statement, ...] = ()
    questions: tuple[tuple[str, int], ...] = ()


def read_text(folder: Path) -> Text:
    """derivations.yaml, statements.csv and questions.csv of a folder.

    Raises:
        InputError: One of them is missing or not what its columns promise.
    """
    rules = folder / "derivations.yaml"
    try:
        derivations = Derivations.model_validate(read_yaml_file(rules) or {})
    except ValidationError as error:
        raise InputError(f"{rules}: not as expected: {error}") from error
    statements = []
    for line, row in read_rows(folder / "statements.csv", STATEMENT_COLUMNS):
        where = f"{folder / 'statements.csv'}, line {line}"
        if row["printed"] != ">0":
            number(row["printed"], f"{where}, printed")
        n, tables = whole(row.pop("n"), f"{where}, n"), tuple(row.pop("tables").split(";"))
        statements.append(Statement(n=n, tables=tables, **row))
    questions = [
        (row["benchmark"], whole(row["questions"], f"{folder / 'questions.csv'}, line {line}"))
        for line, row in read_rows(folder / "questions.csv", ("benchmark", "questions"))
    ]
    return Text(derivations, tuple(statements), tuple(questions))
