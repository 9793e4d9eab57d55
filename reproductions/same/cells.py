"""The files that a pipeline leaves, as cells: a key that people can read, and what is there.

Read are stores of runs, task forces, answers to benchmarks and comparisons; what a file holds of hashes of weights is a kind of its
own, since last bits of weights may differ where no answer does.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acdc.errors import InputError

Key = tuple[str, ...]
WEIGHTS = "weights of children"
# What is compared, in the order of the table, and what it is.
KINDS = {
    "skills": "verdict on an individual's answer to an example of a task",
    "answers": "the text of that answer",
    "tasks": "a task: its text, its examples, its scorer",
    "archives": "who survived a generation, in order, and who was rejected",
    "task forces": "members, choices and the skills of candidates",
    "benchmarks": "right, wrong or missing: an answer to a benchmark's question",
    "benchmark answers": "the text of that answer",
    "printed table": "a cell of the main table",
}


@dataclass(frozen=True)
class Cells:
    """Cells of one kind in one file.

    Attributes:
        kind: One of KINDS, or WEIGHTS.
        where: The file, relative to the pipeline's directory.
        values: What is there, by key.
        replies: For some keys the whole reply, to be shown where the cell differs.
    """

    kind: str
    where: str
    values: Mapping[Key, str]
    replies: Mapping[Key, str] = field(default_factory=dict, repr=False)


def files(root: Path) -> list[str]:
    """Files below a pipeline's directory that hold cells, relative to it, in order."""
    patterns = (
        "runs/*/*/seed-*/run.sqlite",
        "taskforces/*/*/seed-*.json",
        "results/**/correctness.json",
        "comparison/*.json",
    )
    return [str(path.relative_to(root)) for pattern in patterns for path in sorted(root.glob(pattern))]


def read_cells(root: Path, where: str, sizes: Sequence[int]) -> list[Cells]:
    """The cells of one file, by kind.

    Args:
        root: A pipeline's directory.
        where: Of :func:`files`.
        sizes: N that the main table shows.

    Returns:
        Empty where there is no such file.

    Raises:
        InputError: It is damaged.
    """
    path = root / where
    if not path.is_file():
        return []
    top = where.split("/")[0]
    if top == "runs":
        return list(_run(path.parent, where))
    if top == "results":
        return list(_benchmark(path, where))
    return list(_table(path, where, sizes) if top == "comparison" else _force(path, where))


def _run(directory: Path, where: str) -> Iterator[Cells]:
    from acdc.storage.store import RunStore

    with RunStore.read(directory) as store:
        verdicts: dict[Key, str] = {}
        replies: dict[Key, str] = {}
        for cell in store.cells():
            key = (cell.individual, cell.task, cell.example)
            verdicts[key], replies[key] = cell.verdict, cell.reply
        yield Cells("skills", where, verdicts, replies)
        yield Cells("answers", where, replies, replies)
        yield Cells("tasks", where, {(id,): document for id, _, document in store.tasks()})
        archives: dict[Key, str] = {}
        for row in store.generations():
            archives[f"generation {row.generation}", "archive"] = " ".join(row.archive)
            archives[f"generation {row.generation}", "rejected"] = " ".join(row.rejected)
        yield Cells("archives", where, archives)
        created = store.individuals()
        yield Cells(
            WEIGHTS, where, {(row.id,): row.weights_hash for row in created if not _is_seed(row.recipe)}
        )


def _is_seed(recipe: str) -> bool:
    return bool(json.loads(recipe).get("kind") == "seed")


def _benchmark(path: Path, where: str) -> Iterator[Cells]:
    from evals.correctness import read

    matrix = read(path)
    states: dict[Key, str] = {}
    for answerer, row in zip(matrix.answerers, matrix.states(range(len(matrix.answerers))), strict=True):
        who = _who(answerer.model, answerer.temperature, answerer.draw)
        states |= {
            (*who, question): _WORDS[state] for question, state in zip(matrix.questions, row, strict=True)
        }
    replies = _replies(path.with_name("samples.jsonl"))
    yield Cells("benchmarks", where, states, replies)
    yield Cells("benchmark answers", where, replies, replies)


_WORDS = {"1": "right", "0": "wrong", "m": "missing"}


def _replies(path: Path) -> dict[Key, str]:
    if not path.is_file():
        return {}
    found: dict[Key, str] = {}
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                sample = json.loads(line)
                who = _who(sample["model"], float(sample["temperature"]), sample["draw"])
                found[*who, sample["question_id"]] = json.dumps(sample["resps"], ensure_ascii=False)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error!r}); evaluate again") from error
    return found


def _who(model: str, temperature: float, draw: int) -> Key:
    return (model,) if temperature == 0 else (model, f"T = {temperature:g}", f"draw {draw}")


def _force(path: Path, where: str) -> Iterator[Cells]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        leaves = dict(_leaves(document))
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path}: damaged ({error}); run `acdc taskforce` again") from error
    weights = {key: value for key, value in leaves.items() if key[-1] == "weights_hash"}
    yield Cells("task forces", where, {key: value for key, value in leaves.items() if key not in weights})


def _leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, str]]:
    """Every leaf of a JSON document; a row of skills is one leaf a task."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*key, name))
    elif isinstance(value, list) or key[:1] == ("skills",):
        for place, inner in enumerate(value):
            if isinstance(inner, str):
                yield (*key, str(place)), inner
            else:
                yield from _leaves(inner, (*key, str(place)))
    else:
        yield key, json.dumps(value)


def _table(path: Path, where: str, sizes: Sequence[int]) -> Iterator[Cells]:
    from pydantic import ValidationError

    from evals.comparison.document import Comparison
    from reproductions.tables.printed import printed_of

    try:
        comparison = Comparison.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(
            f"{path}: not a comparison: {error.errors()[0]['msg']}; run `acdc compare`"
        ) from None
    yield Cells("printed table", where, printed_of(comparison, sizes).cells())
