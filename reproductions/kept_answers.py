"""What a study or an exact comparison keeps: every answer that one of its numbers rests on, right or wrong, nothing else.

One compressed file of JSON lines. First the questions (ids and hashes, the same for all families), then one line a family: its
methods (who is asked at each N, for each run) and the answers, one character each: 1 right, 0 wrong, m missing. From it
coverage is computed again as the comparison does it, so that the printed table can be checked without running anything.

Guarantees: the same study gives the same bytes.
"""

import fnmatch
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from acdc.errors import InputError
from evals.comparison.evidence import Entry, Evidence
from evals.correctness import Answerer, Correctness
from evals.rivals.methods import Pick, rows_of

FILE = "answers.jsonl.gz"  # its name in a folder
_SCHEMA = 1


class Named(Protocol):
    """A method by id and shown name."""

    @property
    def id(self) -> str:
        """Unique."""
        ...

    @property
    def name(self) -> str:
        """Shown."""
        ...


@dataclass(frozen=True)
class KeptAnswers:
    """The kept answers of one family.

    Attributes:
        family: Its name.
        benchmarks: Names, in order.
        methods: With the answers that their numbers rest on; groups are not kept.
    """

    family: str
    benchmarks: tuple[str, ...]
    methods: tuple[Entry, ...]


def pack(evidences: Sequence[Evidence], patterns: Sequence[str], sizes: Sequence[int]) -> bytes:
    """The answers of the methods that a study asks about.

    Args:
        evidences: One a family.
        patterns: Ids or names of methods, * where names depend on settings.
        sizes: N at which they are asked about.

    Raises:
        InputError: Families were asked different questions.
    """
    questions = _questions(evidences[0])
    lines: list[dict[str, object]] = [{"schema": _SCHEMA, "questions": questions}]
    for evidence in evidences:
        if _questions(evidence) != questions:
            raise InputError(
                f"{evidence.family}: other questions than {evidences[0].family}; one study asks all the same"
            )
        chosen = [entry for entry in evidence.entries if _asked(entry, patterns)]
        lines.append({"family": evidence.family, "methods": [_method(entry, sizes) for entry in chosen]})
    text = "".join(json.dumps(line, separators=(",", ":"), sort_keys=True) + "\n" for line in lines)
    return gzip.compress(text.encode(), mtime=0)


def read_answers(path: Path) -> list[KeptAnswers]:
    """The kept answers of each family.

    Raises:
        InputError: The file is missing or damaged.
    """
    try:
        lines = _lines(path)
        header = next(lines)
        if header["schema"] != _SCHEMA:
            raise InputError(f"{path}: of version {header['schema']}, this program reads {_SCHEMA}")
        questions = header["questions"]
        return [
            KeptAnswers(
                line["family"],
                tuple(questions),
                tuple(_entry(method, questions, str(path)) for method in line["methods"]),
            )
            for line in lines
        ]
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(f"{path}: damaged ({error!r})") from error


def called(method: Named, pattern: str) -> bool:
    """Whether a method's id or name is the pattern; * stands for anything."""
    return fnmatch.fnmatchcase(method.id, pattern) or fnmatch.fnmatchcase(method.name, pattern)


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _questions(evidence: Evidence) -> dict[str, list[list[str]]]:
    matrices = evidence.entries[0].matrices[0]
    return {
        name: [
            [question, digest]
            for question, digest in zip(matrices[name].questions, matrices[name].hashes, strict=True)
        ]
        for name in evidence.benchmarks
    }


def _asked(entry: Entry, patterns: Sequence[str]) -> bool:
    return bool(entry.picks) and any(called(entry, it) for it in patterns)


def _method(entry: Entry, sizes: Sequence[int]) -> dict[str, object]:
    """A method's picks and the rows they need, for each run."""
    runs = []
    for picks, matrices in zip(entry.picks, entry.matrices, strict=True):
        asked = {n: picks[n] for n in sizes if n in picks}
        answers = {}
        for name, matrix in matrices.items():
            rows = sorted({row for some in asked.values() for pick in some for row in rows_of(pick, matrix)})
            answers[name] = {
                "answerers": [
                    [
                        matrix.answerers[row].model,
                        matrix.answerers[row].temperature,
                        matrix.answerers[row].draw,
                    ]
                    for row in rows
                ],
                "correct": matrix.states(rows),
            }
        runs.append(
            {
                "picks": {n: [pick.model_dump() for pick in some] for n, some in asked.items()},
                "answers": answers,
            }
        )
    return {"id": entry.id, "name": entry.name, "runs": runs}


def _entry(method: dict[str, Any], questions: dict[str, list[list[str]]], source: str) -> Entry:
    return Entry(
        method["id"],
        method["name"],
        group="",
        picks=[
            {int(n): tuple(Pick.model_validate(pick) for pick in some) for n, some in run["picks"].items()}
            for run in method["runs"]
        ],
        matrices=[
            {name: _matrix(name, part, questions[name], source) for name, part in run["answers"].items()}
            for run in method["runs"]
        ],
    )


def _matrix(benchmark: str, part: dict[str, Any], questions: list[list[str]], source: str) -> Correctness:
    states = np.array([list(row) for row in part["correct"]])
    none = np.zeros(states.shape, dtype=np.int64)
    if states.shape != (len(part["answerers"]), len(questions)):
        raise ValueError(f"{benchmark}: answers of shape {states.shape}")
    return Correctness(
        benchmark,
        tuple(Answerer(model, "", temperature, draw) for model, temperature, draw in part["answerers"]),
        tuple(question for question, _ in questions),
        tuple(digest for _, digest in questions),
        states == "1",
        states == "m",
        none.astype(bool),
        none,
        none,
        source,
    )
