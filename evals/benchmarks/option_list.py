"""The list of questions that need their options, read where questions are asked openly (built: :mod:`evals.benchmarks.option_filter`).

A list is JSON lines: a head that says what it was made with, then for each record its hash, whether the question needs its
options, and who said so. It holds no text, so the list of a benchmark that must stay private can be published.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from acdc.errors import InputError
from evals.benchmarks.functions import named
from evals.benchmarks.judge.open_form import OpenForm, Row

FORMAT = 1


def record_hash(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Hash of a record's own fields (the task's `fields`), whatever else is in the file: 32 hexadecimal digits."""
    content = {field: row.get(field) for field in metadata["fields"]}
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def open_questions(
    path: Path, rows: Sequence[Row], metadata: Mapping[str, Any], needing: Path | None
) -> list[Row]:
    """The records whose questions stand alone, in their open form: `id`, `question`, `target`.

    Args:
        path: Of the records, for messages.
        rows: They, each with an `id`.
        metadata: Of the task.
        needing: The list; an empty path is refused, None asks every record.

    Raises:
        InputError: There is no list, it is of other records, or it leaves nothing to ask.
    """
    if needing == Path():
        raise InputError(
            f"{path}: its questions are asked without their options, but some need them. List those with "
            f"`acdc build-filter`, and set evaluation.filters.{metadata['data']} to the list"
        )
    hashes = [record_hash(row, metadata) for row in rows]
    listed = dict.fromkeys(hashes, False) if needing is None else read_list(needing)
    unknown = [number for number, digest in enumerate(hashes, 1) if digest not in listed]
    if unknown:
        raise InputError(
            f"{needing} has no entry for {len(unknown)} of the {len(rows)} records of {path} (the first is record {unknown[0]}); "
            "build it again from these records with `acdc build-filter`"
        )
    form: Callable[[Row], OpenForm] = named(metadata["open_form"])
    asked = []
    for row, digest in zip(rows, hashes, strict=True):
        if not listed[digest]:
            question = form(row)
            asked.append({"id": row["id"], "question": question.question, "target": question.answer})
    if not asked:
        raise InputError(f"{needing}: every question of {path} needs its options, so nothing is left to ask")
    return asked


def read_list(path: Path) -> dict[str, bool]:
    """Hash of a record to whether its question needs its options.

    Raises:
        InputError: It can't be read, or is no such list.
    """
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
        if lines[0]["format"] != FORMAT:
            raise ValueError(f"format {lines[0]['format']}, not {FORMAT}")
        return {str(line["record"]): bool(line["needs_options"]) for line in lines[1:]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a list of `acdc build-filter` ({error}); build it again") from error
