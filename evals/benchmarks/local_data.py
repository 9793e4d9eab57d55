"""Records of a published benchmark from a file of one's own: JSON lines or Parquet, in the benchmark's original fields.

A task's `metadata` says what its records look like:
    data      name under `evaluation.data`
    fields    fields every record must have
    check     `module:function` that says what is wrong with a record, and nothing where it is sound
    id        the field that tells records apart (default: the position in the file)
    pool      split of the few-shot examples: the file `<pool>.jsonl` or `<pool>.parquet` beside the records
    split     what upstream calls the split that is asked (default: test)
    between   for a field the lowest and highest number of that split: [11, 510]
    open_form `module:function` that makes of a record its open form (:mod:`evals.benchmarks.judge.open_form`): it is asked
              without its options, and left out where the list in `evaluation.filters` says that it needs them
    budget    tokens of an answer, where the published runs had others than the task says
    withheld  samples keep no text of questions and replies
    prepare   `module:function` that makes of a record the question that is asked
    shown     `module:function` that makes of a reply what `acdc score` prints of it (default: what the filter leaves)
    parts     `field` and `task`: upstream has one task for each value of the field, e.g. a subject
"""

import functools
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from acdc.errors import InputError
from acdc.parsing.json_lines import json_lines
from evals.benchmarks.functions import named
from evals.benchmarks.option_list import open_questions

Row = dict[str, Any]


def unreadable(path: Path, form: str, error: Exception) -> InputError:
    """What to say of a file that can't be read in a form: that it is a folder or not there, or what the reader says."""
    if isinstance(error, IsADirectoryError):
        return InputError(f"{path} is a folder; name the file in it")
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: file not found")
    return InputError(f"{path} can't be read as {form}: {error}")


def read_records(path: Path, fields: tuple[str, ...]) -> list[Row]:
    """All records of a file.

    Raises:
        InputError: It can't be read, holds nothing, or a record lacks a field; the message names file, record and field.
    """
    rows = _parquet(path) if path.suffix == ".parquet" else [row for _, row in json_lines(path)]
    for number, row in enumerate(rows, 1):
        missing = [field for field in fields if row.get(field) is None]
        if missing:
            raise InputError(
                f"{path}, record {number}: no field {missing[0]!r}; expected {', '.join(fields)}"
            )
    if not rows:
        raise InputError(f"{path} holds no questions")
    return rows


def questions(path: Path, metadata: Mapping[str, Any], needing: Path | None = None) -> list[Row]:
    """The records as questions with an `id`, prepared where the task says how.

    Args:
        path: JSON lines or Parquet.
        metadata: Of the task.
        needing: The list of questions that need their options, for tasks that leave options out; None: all are asked.

    Raises:
        InputError: As :func:`read_records`; two records share an id; or they are of another split than the task asks.
    """
    rows = sound_records(path, metadata)
    _refuse_other_split(path, rows, metadata)
    key = metadata.get("id")
    seen: dict[str, int] = {}
    for number, row in enumerate(rows):
        row["id"] = str(row[key]) if key else str(number)
        if row["id"] in seen:
            raise InputError(
                f"{path}, records {seen[row['id']] + 1} and {number + 1}: both have {key} {row['id']}"
            )
        seen[row["id"]] = number
    if "open_form" in metadata:
        return open_questions(path, rows, metadata, needing)
    if "prepare" not in metadata:
        return rows
    prepare: Callable[[Row], Row] = named(metadata["prepare"])
    try:
        return [prepare(row) for row in rows]
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def sound_records(path: Path, metadata: Mapping[str, Any]) -> list[Row]:
    """All records of a file, each as its task says it must be.

    Raises:
        InputError: As :func:`read_records`, or the task's `check` finds a fault; the message names file and record.
    """
    rows = read_records(path, tuple(metadata.get("fields", ())))
    check: Callable[[Row], str] = named(metadata["check"]) if "check" in metadata else lambda row: ""
    for number, row in enumerate(rows, 1):
        if fault := check(row):
            raise InputError(f"{path}, record {number}: {fault}")
    return rows


def _refuse_other_split(path: Path, rows: list[Row], metadata: Mapping[str, Any]) -> None:
    """Raises InputError where a record says of itself, by a field `split` or a number, that it is not asked."""
    wanted = str(metadata.get("split", "test"))
    between: Mapping[str, list[int]] = metadata.get("between", {})
    for number, row in enumerate(rows, 1):
        if isinstance(row.get("split"), str) and row["split"] != wanted:
            raise InputError(
                f"{path}, record {number}: of the split {row['split']!r}; asked is {wanted!r}, keep only its records"
            )
        for field, (low, high) in between.items():
            if not (str(row[field]).isdigit() and low <= int(row[field]) <= high):
                raise InputError(
                    f"{path}, record {number}: {field} {row[field]} is not of the split {wanted!r}, "
                    f"which has {low} to {high}; keep only its records"
                )


def pools(path: Path, metadata: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The few-shot examples beside the records, by split; empty where the task has them in its own file."""
    file = pool_file(path, metadata)
    return {} if file is None else {metadata["pool"]: sound_records(file, metadata)}


def pool_file(path: Path, metadata: Mapping[str, Any]) -> Path | None:
    """The file of few-shot examples beside the records; None where the task has them in its own file.

    Raises:
        InputError: It is not there.
    """
    split = metadata.get("pool")
    if split is None:
        return None
    for suffix in (".jsonl", ".parquet"):
        if (sibling := path.parent / f"{split}{suffix}").is_file():
            return sibling
    raise InputError(f"{path}: its few-shot examples, {split}.jsonl or {split}.parquet, are not beside it")


@functools.cache
def upstream() -> Path:
    """The folder of lm-eval's own tasks, found without importing lm-eval."""
    spec = importlib.util.find_spec("lm_eval")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("lm-eval is not installed; run make setup")
    return Path(spec.submodule_search_locations[0]) / "tasks"


def _parquet(path: Path) -> list[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise unreadable(path, "Parquet", error) from error
    rows: list[Row] = table.to_pylist()
    return rows
