"""lm-eval sample logs as matrices: answerers × questions, one for each benchmark.

A folder that holds `samples_<task>_<date>.jsonl` is one model; the k-th file of a task, by date, is its k-th draw. Of
each file one filter and one metric are read. Questions are aligned by lm-eval's `doc_id` and `doc_hash`: a gap, a
duplicate or another question is an error, since coverage of different questions compares nothing.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from acdc.errors import InputError
from acdc.parsing.validation import nearest
from evals.answering.samples import extracted
from evals.correctness import Correctness, from_samples

_FILE = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl")
_RIGHT = 0.5

Told = Callable[[str, int, int], None]
"""Hears of progress: what is being done, how much of it is done, of how much."""


def untold(what: str, done: int, of: int) -> None:
    """Progress is not shown."""


class Reading(NamedTuple):
    """What of the logs is read.

    Attributes:
        metric: The metric that says whether an answer is right; empty: the first that a record lists.
        filter: The filter whose output it judges; empty: the first in the file.
        tasks: Only these; empty: all.
    """

    metric: str = ""
    filter: str = ""
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskLog:
    """One benchmark as a set of models answered it.

    Attributes:
        matrix: Who got what right; `tokens` are not in such logs and are 0.
        answers: (A, Q) extracted answers, in the matrix's order.
        filter: The filter that was read.
        metric: The metric that was read.
        others: What else the files offer, as "filter/metric".
        cut_known: Whether the records say how their answers ended. The stock command's do not.
        same_prompts: Whether all models read the same prompts, by their hashes; None where a record has none.
    """

    matrix: Correctness
    answers: tuple[tuple[str, ...], ...]
    filter: str
    metric: str
    others: tuple[str, ...]
    cut_known: bool
    same_prompts: bool | None


def read_logs(folders: Sequence[Path], reading: Reading, told: Told = untold) -> dict[str, TaskLog]:
    """All logs under some folders.

    Args:
        folders: Output paths of lm-eval, one or several models each.
        reading: Which metric, filter and tasks.
        told: Hears of progress.

    Returns:
        For each task, sorted by name, what all models answered.

    Raises:
        InputError: A folder holds no logs, a task is missing for a model, or a file is not what lm-eval writes.
    """
    files: dict[str, list[tuple[str, int, Path]]] = {}
    models: dict[str, dict[str, int]] = {}
    for folder in folders:
        for name, logs in _models(folder):
            if name in models:
                raise InputError(f"{folder}: the logs of {name} are given twice")
            models[name] = {task: len(paths) for task, paths in logs.items()}
            for task, paths in logs.items():
                files.setdefault(task, []).extend((name, draw, path) for draw, path in enumerate(paths))
    for task in reading.tasks:
        if task not in files:
            raise InputError(f"--task: no log of {task!r}; {nearest(task, sorted(files))}")
    chosen = sorted(reading.tasks or files)
    for name, counts in models.items():
        draws = {task: counts.get(task, 0) for task in chosen}
        if len(set(draws.values())) != 1:
            counted = ", ".join(f"{task}: {count}" for task, count in draws.items())
            raise InputError(
                f"{name}: the tasks have different numbers of logs ({counted}); name the complete tasks with --task"
            )
    return {task: _task(task, files[task], reading, told) for task in chosen}


def _models(folder: Path) -> Iterator[tuple[str, dict[str, list[Path]]]]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the --output_path of lm_eval --log_samples")
    by_folder: dict[Path, dict[str, list[Path]]] = {}
    for path in sorted(folder.rglob("samples_*.jsonl")):
        found = _FILE.fullmatch(path.name)
        task = found["task"] if found else path.stem.removeprefix("samples_")
        by_folder.setdefault(path.parent, {}).setdefault(task, []).append(path)
    if not by_folder:
        raise InputError(f"{folder}: no samples_*.jsonl in it; run lm_eval with --log_samples --output_path")
    for place, logs in by_folder.items():
        inside = place.relative_to(folder)
        yield (str(folder / inside) if inside.parts else str(folder)), logs


def _task(task: str, files: Sequence[tuple[str, int, Path]], reading: Reading, told: Told) -> TaskLog:
    samples: list[dict[str, Any]] = []
    answers: dict[tuple[str, int, str], str] = {}
    prompts: dict[str, set[str]] = {}
    offers: dict[str, None] = {}
    chosen = (reading.filter, reading.metric)
    for number, (model, draw, path) in enumerate(files, 1):
        records = list(_records(path))
        offers |= {f"{record['filter']}/{metric}": None for record in records for metric in record["metrics"]}
        chosen = _choice(records[0], path, chosen)
        mine = [record for record in records if record["filter"] == chosen[0]]
        if not mine:
            raise InputError(f"{path}: no filter {chosen[0]!r}; it has {', '.join(offers)}")
        for record in mine:
            sample = _sample(record, path, chosen[1])
            samples.append(sample | {"benchmark": task, "model": model, "draw": draw})
            answers[model, draw, sample["question_id"]] = extracted(record["filtered_resps"])
            prompts.setdefault(sample["question_id"], set()).add(str(record.get("prompt_hash") or ""))
        told(f"logs of {task}", number, len(files))
    matrix = from_samples(samples, f"logs of {task}")
    return TaskLog(
        matrix,
        tuple(
            tuple(answers[who.model, who.draw, question] for question in matrix.questions)
            for who in matrix.answerers
        ),
        *chosen,
        tuple(offer for offer in offers if offer != "/".join(chosen)),
        all(sample["known"] for sample in samples),
        None
        if any("" in hashes for hashes in prompts.values())
        else all(len(hashes) == 1 for hashes in prompts.values()),
    )


def _records(path: Path) -> Iterator[dict[str, Any]]:
    from evals.benchmarks.registry import read_rows

    for number, record in enumerate(read_rows(path), 1):
        if not {"doc_id", "doc_hash", "filter", "metrics", "filtered_resps"} <= record.keys():
            raise InputError(f"{path}, record {number}: no sample of lm-eval 0.4.3 or later")
        if not isinstance(record["metrics"], list):
            raise InputError(f"{path}, record {number}: `metrics` is no list")
        yield record


def _choice(record: dict[str, Any], path: Path, wanted: tuple[str, str]) -> tuple[str, str]:
    """Filter and metric: what is asked for, else what the first record of the first file has first."""
    if not record["metrics"]:
        raise InputError(f"{path}: its records list no metric")
    return wanted[0] or str(record["filter"]), wanted[1] or str(record["metrics"][0])


def _sample(record: dict[str, Any], path: Path, metric: str) -> dict[str, Any]:
    value = record.get(metric)
    if metric not in record:
        raise InputError(
            f"{path}, question {record['doc_id']}: no metric {metric!r}; it has {', '.join(record['metrics'])}"
        )
    if value is not None and (not isinstance(value, bool | int | float) or not 0 <= value <= 1):
        raise InputError(
            f"{path}, question {record['doc_id']}: {metric} is {json.dumps(value)[:40]}, but the metric must be a "
            "number from 0 to 1; choose another with --metric"
        )
    finish = record.get("finish")
    return {
        "weights_hash": "",
        "temperature": 0.0,
        "question_id": str(record["doc_id"]),
        "question_hash": str(record["doc_hash"])[:16],
        "correct": None if value is None else value >= _RIGHT,
        "finish": finish or "stop",
        "known": finish is not None,
        "tokens": int(record.get("tokens") or 0),
        "prompt_tokens": int(record.get("prompt_tokens") or 0),
    }
