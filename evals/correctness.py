"""Samples of one benchmark as a matrix: answerers × questions, aligned by question id and hash.

A duplicate, a gap or a question that differs between answerers is an error that names the file: a matrix that is filled
somehow would compare models on different questions. A missing answer (our fault) is marked and is no wrong one.
`correctness.json` is the matrix in a few kilobytes; `samples.jsonl` beside it is what it was made from.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acdc.errors import InputError

_SCHEMA = 1
_ARRAYS = ("correct", "missing", "cut", "tokens", "prompt_tokens")
Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]


class Answerer(NamedTuple):
    """Who gave one row of answers.

    Attributes:
        model: Name of the model.
        weights_hash: Its weights.
        temperature: 0 is greedy.
        draw: Which of several sampled rows.
    """

    model: str
    weights_hash: str
    temperature: float
    draw: int


@dataclass(frozen=True)
class Correctness:
    """What became of every answer to one benchmark.

    Attributes:
        benchmark: Its name.
        answerers: (A,) rows.
        questions: (Q,) ids of the columns.
        hashes: (Q,) hashes of the questions' content.
        correct: (A, Q) right answers.
        missing: (A, Q) answers that infrastructure failed to give; never correct.
        cut: (A, Q) answers that the token budget cut off.
        tokens: (A, Q) tokens of each answer.
        prompt_tokens: (A, Q) tokens of each prompt.
        source: Where it comes from, for messages.
    """

    benchmark: str
    answerers: tuple[Answerer, ...]
    questions: tuple[str, ...]
    hashes: tuple[str, ...]
    correct: Bools
    missing: Bools
    cut: Bools
    tokens: Counts
    prompt_tokens: Counts
    source: str = ""

    def rows(self, model: str, temperature: float = 0.0) -> list[int]:
        """Rows of a model at a temperature, by draw."""
        found = [
            (answerer.draw, row)
            for row, answerer in enumerate(self.answerers)
            if answerer.model == model and answerer.temperature == temperature
        ]
        return [row for _, row in sorted(found)]

    def states(self, rows: Sequence[int]) -> list[str]:
        """What became of the answers in these rows, one character each: 1 right, 0 wrong, m missing."""
        picked = list(rows)
        pairs = zip(self.correct[picked].tolist(), self.missing[picked].tolist(), strict=True)
        return [
            "".join("m" if gone else "01"[right] for right, gone in zip(*pair, strict=True)) for pair in pairs
        ]

    def to_json(self) -> dict[str, object]:
        """The document of `correctness.json`; one character an answer: 1 right, 0 wrong, m missing."""
        return {
            "schema": _SCHEMA,
            "benchmark": self.benchmark,
            "questions": [list(pair) for pair in zip(self.questions, self.hashes, strict=True)],
            "answerers": [answerer._asdict() for answerer in self.answerers],
            "correct": self.states(range(len(self.answerers))),
            "cut": ["".join("01"[cut] for cut in row) for row in self.cut.tolist()],
            "tokens": self.tokens.tolist(),
            "prompt_tokens": self.prompt_tokens.tolist(),
        }


def from_samples(samples: Iterable[dict[str, Any]], source: str) -> Correctness:
    """The matrix of one benchmark's sample records.

    Args:
        samples: Records as the harness makes them, in any order.
        source: The file they come from, for messages.

    Raises:
        InputError: A field is missing, an answer is there twice or not at all, or a question differs between answerers.
    """
    cells: dict[Answerer, dict[str, dict[str, Any]]] = {}
    hashes: dict[str, str] = {}
    benchmark = ""
    for number, sample in enumerate(samples, 1):
        try:
            answerer = Answerer(
                sample["model"], sample["weights_hash"], float(sample["temperature"]), sample["draw"]
            )
            question, digest = sample["question_id"], sample["question_hash"]
            benchmark = sample.get("benchmark", benchmark)
            row = cells.setdefault(answerer, {})
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{source}, record {number}: no sample of an evaluation (field {error})"
            ) from error
        if hashes.setdefault(question, digest) != digest:
            raise InputError(
                f"{source}, record {number}: question {question!r} differs from the one asked before"
            )
        if question in row:
            raise InputError(
                f"{source}, record {number}: {_who(answerer)} answers question {question!r} twice"
            )
        row[question] = sample
    for answerer, row in cells.items():
        if len(row) != len(hashes):
            gap = next(question for question in hashes if question not in row)
            raise InputError(f"{source}: {_who(answerer)} has no answer to question {gap!r}")
    if not cells:
        raise InputError(f"{source} holds no samples")
    table = [[row[question] for question in hashes] for row in cells.values()]
    states = [[sample["correct"] for sample in row] for row in table]
    return Correctness(
        benchmark,
        tuple(cells),
        tuple(hashes),
        tuple(hashes.values()),
        np.array([[state is True for state in row] for row in states]),
        np.array([[state is None for state in row] for row in states]),
        np.array([[sample["finish"] == "length" for sample in row] for row in table]),
        np.array([[sample["tokens"] for sample in row] for row in table], dtype=np.int64),
        np.array([[sample["prompt_tokens"] for sample in row] for row in table], dtype=np.int64),
        source,
    )


def read_samples(path: Path) -> Correctness:
    """The matrix of a `samples.jsonl`. Raises InputError as :func:`from_samples`, or if it can't be read."""
    from evals.benchmarks.registry import read_rows

    return from_samples(read_rows(path), str(path))


def read(path: Path) -> Correctness:
    """The matrix of a `correctness.json`.

    Raises:
        InputError: It is not there, not readable, or of another version.
    """
    if not path.is_file():
        raise InputError(f"{path}: file not found; run `acdc evaluate` and `acdc baselines` first")
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["schema"] != _SCHEMA:
            raise InputError(
                f"{path}: of version {data['schema']}, this program reads {_SCHEMA}; evaluate again"
            )
        states = np.array([list(row) for row in data["correct"]])
        questions, hashes = zip(*data["questions"], strict=True)
        matrix = Correctness(
            data["benchmark"],
            tuple(Answerer(**answerer) for answerer in data["answerers"]),
            questions,
            hashes,
            states == "1",
            states == "m",
            np.array([list(row) for row in data["cut"]]) == "1",
            np.array(data["tokens"], dtype=np.int64),
            np.array(data["prompt_tokens"], dtype=np.int64),
            str(path),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error}); evaluate again") from error
    shape = (len(matrix.answerers), len(questions))
    if any(part.shape != shape for part in (matrix.correct, matrix.cut, matrix.tokens, matrix.prompt_tokens)):
        raise InputError(f"{path}: damaged (rows or columns are missing); evaluate again")
    return matrix


def aligned(matrix: Correctness, like: Correctness) -> Correctness:
    """The matrix with its columns in the order of another.

    Raises:
        InputError: They hold other questions.
    """
    pairs = dict(zip(matrix.questions, matrix.hashes, strict=True))
    if matrix.benchmark != like.benchmark or pairs != dict(zip(like.questions, like.hashes, strict=True)):
        raise InputError(
            f"{matrix.source} and {like.source} hold different questions of {like.benchmark}; evaluate both again"
        )
    if matrix.questions == like.questions:
        return matrix
    place = {question: column for column, question in enumerate(matrix.questions)}
    columns = [place[question] for question in like.questions]
    parts: dict[str, Any] = {field: getattr(matrix, field)[:, columns] for field in _ARRAYS}
    return replace(matrix, questions=like.questions, hashes=like.hashes, **parts)


def stacked(matrices: Sequence[Correctness]) -> Correctness:
    """Several matrices of one benchmark as one, rows in order, columns in the order of the first.

    Raises:
        InputError: They hold other questions, or an answerer is in two of them.
    """
    parts = [aligned(matrix, matrices[0]) for matrix in matrices]
    holders: dict[Answerer, str] = {}
    for part in parts:
        for answerer in part.answerers:
            if answerer in holders:
                raise InputError(f"{holders[answerer]} and {part.source}: {_who(answerer)} is there twice")
            holders[answerer] = part.source
    rows: dict[str, Any] = {
        field: np.concatenate([getattr(part, field) for part in parts]) for field in _ARRAYS
    }
    return replace(parts[0], answerers=tuple(holders), **rows)


def _who(answerer: Answerer) -> str:
    if answerer.temperature == 0:
        return answerer.model
    return f"{answerer.model} at T = {answerer.temperature:g}, draw {answerer.draw},"
