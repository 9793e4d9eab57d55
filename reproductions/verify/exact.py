"""Is a measurement of shipped weights the expected one, digit for digit and answer for answer?

Weights that ship are the same on every machine, and no processor decides an answer: so what is printed must be equal, and no
tolerance is asked for. Beside a family's expected table (`table.json`, printed text) lie the answers that it rests on
(`answers.jsonl.gz`, :mod:`reproductions.kept_answers`); where a digit differs, they say which questions made it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from acdc.errors import InputError, NotEnoughDataError
from evals.correctness import Answerer, Correctness
from reproductions.kept_answers import FILE as ANSWERS
from reproductions.kept_answers import KeptAnswers, pack, read_answers
from reproductions.tables.printed import FILE as TABLE
from reproductions.tables.printed import CellDifference, Printed, cell_differences, printed_of, read_printed

if TYPE_CHECKING:
    from evals.comparison.document import Comparison
    from evals.comparison.evidence import Entry, Evidence
    from evals.rivals.methods import Pick

_STATES = {"1": "right", "0": "wrong", "m": "missing"}


class AnswerDifference(NamedTuple):
    """An answer that became something else.

    Attributes:
        method: Id of a method that it belongs to.
        run: Run seed; None where the method knows no run.
        benchmark: Of the question.
        question: Its id.
        model: That answered.
        temperature: 0 is greedy.
        draw: Which of several.
        here: right, wrong or missing.
        expected: Likewise.
    """

    method: str
    run: int | None
    benchmark: str
    question: str
    model: str
    temperature: float
    draw: int
    here: str
    expected: str

    def __str__(self) -> str:
        run = "" if self.run is None else f"run seed {self.run}, "
        who = self.model if self.temperature == 0 else f"{self.model}, draw {self.draw}"
        return f"{self.benchmark}/{self.question} ({run}{who}): {self.here} here, expected {self.expected}"


@dataclass(frozen=True)
class Exactness:
    """What an exact comparison found.

    Attributes:
        numbers: Numbers in the expected table.
        answers: Expected answers, each once.
        cells: Cells of the table that are printed otherwise.
        changes: What is of another shape, in words: other run seeds, questions, methods, members.
        differences: Answers that differ; one that several methods use is there for each of them.
    """

    numbers: int
    answers: int
    cells: tuple[CellDifference, ...]
    changes: tuple[str, ...]
    differences: tuple[AnswerDifference, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.cells or self.changes or self.differences)

    def different_answers(self) -> int:
        """Answers that differ, each once."""
        return len(
            {
                (_source(it.method), it.run, it.benchmark, it.question, it.model, it.temperature, it.draw)
                for it in self.differences
            }
        )


@dataclass(frozen=True)
class _Compared:
    """What became of one method: how many answers it shares, by the place where they lie, and what differs."""

    answers: dict[tuple[str, int, str, Answerer], int]
    changes: list[str]
    differences: list[AnswerDifference]


def shipped(family_file: Path) -> bool:
    """Whether a family's models are the ones that ship with the package, by its `family.json`.

    Raises:
        InputError: The file is damaged.
    """
    import json

    if not family_file.is_file():
        return False
    try:
        return bool(json.loads(family_file.read_text(encoding="utf-8")).get("from") == "shipped")
    except (ValueError, AttributeError) as error:
        raise InputError(
            f"{family_file}: this is not a family record ({error}); delete it and run `acdc seeds` again"
        ) from None


def kept_files(comparison: "Comparison", evidence: "Evidence", sizes: Sequence[int]) -> dict[str, bytes]:
    """What is kept of a measurement, by the name of the file: the printed table and the answers behind it.

    Args:
        comparison: Of the family.
        evidence: That it was made from.
        sizes: N that the table shows.
    """
    table = printed_of(comparison, sizes)
    shown = {row.n for row in table.rows} | {
        claim.rival_n for claim in comparison.claims if claim.table == "main"
    }
    return {
        TABLE: (table.model_dump_json(indent=1) + "\n").encode(),
        ANSWERS: pack([evidence], ["*"], sorted(shown)),
    }


def exactness(
    folder: Path, comparison: "Comparison", evidence: "Evidence", sizes: Sequence[int]
) -> Exactness:
    """A measurement beside the kept one.

    Args:
        folder: Where `table.json` and `answers.jsonl.gz` lie.
        comparison: What was measured.
        evidence: That it was made from.
        sizes: N that the table shows.

    Raises:
        NotEnoughDataError: A kept file is missing.
        InputError: One is damaged, or of another family.
    """
    expected = read_printed(folder / TABLE)
    kept = _kept(folder / ANSWERS)
    if not expected.family == kept.family == comparison.family:
        raise InputError(
            f"{folder}: the kept files are of {expected.family} and {kept.family}, but the comparison is of {comparison.family}"
        )
    printed = printed_of(comparison, sizes)
    changes = [*_shape(printed, expected)]
    answers: dict[tuple[str, int, str, Answerer], int] = {}
    differences: list[AnswerDifference] = []
    fresh = {entry.id: entry for entry in evidence.entries}
    for method in kept.methods:
        found = _method(method, fresh.get(method.id), comparison.runs)
        answers |= found.answers
        changes += found.changes
        differences += found.differences
    return Exactness(
        numbers=expected.numbers(),
        answers=sum(answers.values()),
        cells=tuple(cell_differences(printed, expected)),
        changes=tuple(dict.fromkeys(changes)),
        differences=tuple(differences),
    )


def _kept(path: Path) -> KeptAnswers:
    if not path.is_file():
        raise NotEnoughDataError(
            f"{path}: there are no kept answers; `acdc verify {path.parent.name} --write` makes them from a "
            "finished comparison"
        )
    families = read_answers(path)
    if len(families) != 1:
        raise InputError(f"{path}: damaged (answers of {len(families)} families, it should be one)")
    return families[0]


def _shape(printed: Printed, expected: Printed) -> Iterator[str]:
    if printed.runs != expected.runs:
        yield f"run seeds {_listed(printed.runs)} here, expected {_listed(expected.runs)}"
    for name in dict.fromkeys([*expected.benchmarks, *printed.benchmarks]):
        here, there = printed.benchmarks.get(name, 0), expected.benchmarks.get(name, 0)
        if here != there:
            yield f"{name}: {here} questions here, expected {there}"


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _source(method: str) -> str:
    """Whose answers a method uses: a variant's, or none in particular; methods of one variant share them."""
    variant, slash, _ = method.partition("/")
    return variant if slash else ""


def _method(kept: "Entry", fresh: "Entry | None", seeds: Sequence[int]) -> _Compared:
    """A kept method beside the measured one, run by run."""
    found = _Compared({}, [], [])
    for place, matrices in enumerate(kept.matrices):
        for benchmark, matrix in matrices.items():
            for answerer in matrix.answerers:
                found.answers[_source(kept.id), place, benchmark, answerer] = len(matrix.questions)
    if fresh is None:
        found.changes.append(f"{kept.name} is not measured here")
        return found
    if len(fresh.picks) != len(kept.picks):
        found.changes.append(f"{kept.name}: {len(fresh.picks)} runs here, expected {len(kept.picks)}")
        return found
    for place, matrices in enumerate(kept.matrices):
        run = seeds[place] if _source(kept.id) and place < len(seeds) else None
        found.changes.extend(_members(kept, run, fresh.picks[place], kept.picks[place]))
        for benchmark, matrix in matrices.items():
            if benchmark not in fresh.matrices[place]:
                found.changes.append(f"{benchmark} is not measured here")
                continue
            found.differences.extend(
                AnswerDifference(kept.id, run, benchmark, *difference)
                for difference in _answers(fresh.matrices[place][benchmark], matrix, found.changes)
            )
    return found


def _members(
    kept: "Entry",
    run: int | None,
    here: "Mapping[int, Sequence[Pick]]",
    expected: "Mapping[int, Sequence[Pick]]",
) -> Iterator[str]:
    where = kept.name if run is None else f"{kept.name}, run seed {run}"
    for n, picks in expected.items():
        ours, theirs = _asked(here.get(n, ())), _asked(picks)
        if ours == theirs:
            continue
        news, gone = (
            _listed([it for it in one if it not in two]) for one, two in ((ours, theirs), (theirs, ours))
        )
        yield f"{where}, N = {n}: {news or 'none'} here instead of {gone or 'none'}"


def _asked(picks: "Sequence[Pick]") -> list[str]:
    return sorted(
        f"{' or '.join(pick.models)}{f' at T = {pick.temperature:g}' if pick.temperature else ''}"
        f"{f' × {pick.k}' if pick.k > 1 else ''}"
        for pick in picks
    )


def _answers(
    here: Correctness, expected: Correctness, changes: list[str]
) -> Iterator[tuple[str, str, float, int, str, str]]:
    """(question, model, temperature, draw, here, expected) of answers that differ; models that are not there are changes already."""
    columns = {pair: place for place, pair in enumerate(zip(here.questions, here.hashes, strict=True))}
    pairs = list(zip(expected.questions, expected.hashes, strict=True))
    if any(pair not in columns for pair in pairs):
        changes.append(f"{expected.benchmark} asks other questions here")
        return
    rows = {(it.model, it.temperature, it.draw): place for place, it in enumerate(here.answerers)}
    wanted = expected.states(range(len(expected.answerers)))
    for it, states in zip(expected.answerers, wanted, strict=True):
        place = rows.get((it.model, it.temperature, it.draw))
        if place is None:
            changes.append(f"{expected.benchmark}: {it.model} has not answered here")
            continue
        ours = here.states([place])[0]
        for pair, state in zip(pairs, states, strict=True):
            if ours[columns[pair]] != state:
                yield (
                    pair[0], it.model, it.temperature, it.draw, _STATES[ours[columns[pair]]], _STATES[state],
                )  # fmt: skip
