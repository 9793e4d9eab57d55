"""What an exact comparison found, in words and as JSON: which cell of the table, and which questions made it so."""

from collections.abc import Sequence
from dataclasses import asdict

from reproductions.tables.printed import CellDifference
from reproductions.verify.exact import AnswerDifference, Exactness

_SHOWN = 3


def document(family: str, found: Exactness) -> dict[str, object]:
    """Everything, for JSON."""
    return {
        "family": family,
        "exact": True,
        "summary": {
            "numbers": found.numbers,
            "answers": found.answers,
            "different_cells": len(found.cells),
            "different_answers": found.different_answers(),
            "changes": len(found.changes),
        },
        "cells": [asdict(cell) for cell in found.cells],
        "changes": list(found.changes),
        "answers": [difference._asdict() for difference in found.differences],
    }


def lines(found: Exactness, questions: int) -> list[str]:
    """What differs: other shapes first, then each cell with the answers behind its row, then answers that no printed digit shows.

    Args:
        found: By the comparison.
        questions: Of all benchmarks together.
    """
    told = list(found.changes)
    behind: dict[str, list[AnswerDifference]] = {}
    for difference in found.differences:
        behind.setdefault(difference.method, []).append(difference)
    said: set[str] = set()
    for cell in found.cells:
        text = _cell(cell)
        if cell.id in behind and cell.id not in said:
            text += f"; {_questions(behind[cell.id], questions)}"
            said.add(cell.id)
        told.append(text)
    told += [
        f"{method}: every printed digit is as expected, but {_questions(differences, questions)}"
        for method, differences in behind.items()
        if method not in said
    ]
    return told


def summary(family: str, found: Exactness) -> str:
    """One sentence."""
    if found.equal:
        return f"{family}: all {found.numbers:,} printed numbers and {found.answers:,} answers are equal"
    changes = f"; changes of another kind: {len(found.changes)}" if found.changes else ""
    return (
        f"{family}: {len(found.cells)} printed cell{'' if len(found.cells) == 1 else 's'} of a table of {found.numbers:,} numbers and "
        f"{found.different_answers():,} of {found.answers:,} answers differ{changes}"
    )


def _cell(cell: CellDifference) -> str:
    where = f"{cell.name}, N = {cell.n}"
    if not cell.column:
        return (
            f"{where}: {'no such row is printed' if cell.printed is None else 'a row that is not expected'}"
        )
    return f"{cell.column} of {where}: printed {_text(cell.printed)}, expected {_text(cell.expected)}"


def _text(text: str | None) -> str:
    return text or "nothing"


def _questions(differences: Sequence[AnswerDifference], questions: int) -> str:
    places = {(it.benchmark, it.question) for it in differences}
    more = f"; and {len(differences) - _SHOWN} more answers" if len(differences) > _SHOWN else ""
    first = "; ".join(map(str, differences[:_SHOWN]))
    return f"{len(places)} of {questions} questions differ: {first}{more}"
