"""Results in the forms that other programs read: whose answers there are, and lm-eval's own output of them.

One folder for each answerer: samples_<task>_<date>.jsonl, a file a draw, and results_<date>.json with lm-eval's keys; `acdc coverage
--samples` and lm-eval's own tools read them. Documents of every_eval_ever: `evals.exports.every_eval_ever`.

Dates are those of the results, so that the same results export to the same files. Nothing is measured here, and what a benchmark withholds
from results is not in exports either.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from acdc.errors import InputError
from acdc.files import write_bytes
from evals.answering.evaluate_taskforce import write_json
from evals.correctness import Correctness, read


@dataclass(frozen=True)
class Answered:
    """What one model answered at one temperature.

    Attributes:
        place: Folder of its results below the family's: "acdc/seed-0", "baselines".
        model: Its name.
        temperature: 0 is greedy.
        rows: For each benchmark its matrix and the rows that are this model's, by draw.
        folder: Of the results.
        at: When they were written, UTC.
    """

    place: str
    model: str
    temperature: float
    rows: Mapping[str, tuple[Correctness, Sequence[int]]]
    folder: Path
    at: datetime

    @property
    def name(self) -> str:
        """For a file: the place, the model, the temperature."""
        warm = f"-T{self.temperature:g}" if self.temperature else ""
        return file_name(f"{self.place}-{self.model}{warm}")

    @property
    def weights_hash(self) -> str:
        """Of the model; `api:…` for one behind an endpoint."""
        matrix, rows = next(iter(self.rows.values()))
        return matrix.answerers[rows[0]].weights_hash


def file_name(text: str) -> str:
    """A text as the name of a file or folder."""
    return re.sub(r"[^\w.+-]+", "-", text)


def answered(results: Path) -> Iterator[Answered]:
    """All models' answers to all benchmarks, folder by folder.

    Args:
        results: `results/<family>`.

    Raises:
        InputError: There are no results, or they are damaged.
    """
    folders = sorted({path.parent.parent for path in results.glob("**/correctness.json")})
    if not folders:
        raise InputError(f"{results}: no results there; run `acdc evaluate` and `acdc baselines` first")
    for folder in folders:
        files = sorted(folder.glob("*/correctness.json"))
        matrices = {path.parent.name: read(path) for path in files}
        at = datetime.fromtimestamp(max(path.stat().st_mtime for path in files), UTC).replace(microsecond=0)
        all_answered = dict.fromkeys(
            (who.model, who.temperature) for matrix in matrices.values() for who in matrix.answerers
        )
        for model, temperature in all_answered:
            rows = {name: (matrix, matrix.rows(model, temperature)) for name, matrix in matrices.items()}
            place = folder.relative_to(results).as_posix()
            yield Answered(place, model, temperature, {k: v for k, v in rows.items() if v[1]}, folder, at)


def mean_share(matrix: Correctness, rows: Sequence[int]) -> tuple[float, float, int]:
    """Mean over questions of the share of right draws, its standard error, and how many questions; missing answers are left out."""
    given = ~matrix.missing[list(rows)]
    there = given.any(axis=0)
    shares = (matrix.correct[list(rows)] & given).sum(axis=0)[there] / given.sum(axis=0)[there]
    if not len(shares):
        raise InputError(f"{matrix.source}: every answer of {matrix.answerers[rows[0]].model} is missing")
    error = float(shares.std(ddof=1) / math.sqrt(len(shares))) if len(shares) > 1 else 0.0
    return float(shares.mean()), error, len(shares)


def lm_eval_logs(results: Path, to: Path) -> int:
    """Write the samples of all models as the lm-eval command does.

    Args:
        results: `results/<family>`.
        to: A folder; one below it for each answerer.

    Returns:
        How many answerers.

    Raises:
        InputError: There are no results, or their samples are missing, or the folder holds logs of another date.
    """
    all_answered = list(answered(results))
    _refuse_others(all_answered, to)
    for folder in dict.fromkeys(one.folder for one in all_answered):
        mine = [one for one in all_answered if one.folder == folder]
        for benchmark in dict.fromkeys(name for one in mine for name in one.rows):
            _write_samples(folder / benchmark / "samples.jsonl", benchmark, mine, to)
    for one in all_answered:
        write_json(to / one.name / f"results_{_stamp(one.at)}.json", _results(one))
    return len(all_answered)


def _refuse_others(all_answered: Sequence[Answered], to: Path) -> None:
    """Logs of an earlier evaluation would be read as further draws of the same model."""
    for one in all_answered:
        for path in sorted((to / one.name).glob("*_*.json*")):
            if f"_{_stamp(one.at)[:-6]}" not in path.name:
                raise InputError(
                    f"{path}: of another date than these results, so it would count as a further draw; name an empty folder, or remove this one"
                )


def _write_samples(path: Path, benchmark: str, mine: Sequence[Answered], to: Path) -> None:
    """One file for each draw; the k-th by date is the k-th draw."""
    by_row: dict[tuple[str, float, int], list[bytes]] = {}
    try:
        with path.open("rb") as lines:
            for line in lines:
                sample = json.loads(line)
                key = (sample["model"], float(sample["temperature"]), int(sample["draw"]))
                by_row.setdefault(key, []).append(line)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); run `acdc evaluate` and `acdc baselines`"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: no samples of an evaluation ({error}); evaluate again") from None
    for one in mine:
        folder = to / one.name
        draws = sorted(key for key in by_row if key[:2] == (one.model, one.temperature))
        for number, key in enumerate(draws):
            stamp = _stamp(one.at + timedelta(microseconds=number))
            write_bytes(folder / f"samples_{benchmark}_{stamp}.jsonl", b"".join(by_row[key]))


def _results(one: Answered) -> dict[str, Any]:
    """The keys of lm-eval's results_*.json, as far as results know them."""
    found: dict[str, dict[str, Any]] = {}
    for name, (matrix, rows) in one.rows.items():
        mean, error, _ = mean_share(matrix, rows)
        found[name] = {"alias": name, "correct,none": mean, "correct_stderr,none": error}
    names = list(found)
    return {
        "results": found,
        "group_subtasks": {name: [] for name in names},
        "configs": {name: {"task": name, "output_type": "generate_until"} for name in names},
        "versions": dict.fromkeys(names, 1.0),
        "n-shot": dict.fromkeys(names, 0),
        "higher_is_better": {name: {"correct": True} for name in names},
        "n-samples": {
            name: {"original": len(matrix.questions), "effective": len(matrix.questions)}
            for name, (matrix, _) in one.rows.items()
        },
        "config": {
            "model": "acdc",
            "model_args": {"weights_hash": one.weights_hash, "place": one.place},
            "gen_kwargs": {"temperature": one.temperature},
            "bootstrap_iters": 0,
        },
        "git_hash": None,
        "date": one.at.timestamp(),
        "lm_eval_version": version("lm_eval"),
        "model_source": "acdc",
        "model_name": one.model,
        "model_name_sanitized": one.name,
    }


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H-%M-%S.%f")
