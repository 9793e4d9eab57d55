"""Results in the forms that other programs read: lm-eval's own output, and every_eval_ever 0.3.0.

    lm_eval            one folder for each answerer: samples_<task>_<date>.jsonl, a file a draw, and results_<date>.json with lm-eval's
                       keys; `acdc coverage --samples` and lm-eval's own tools read them
    every_eval_ever    one JSON document for each answerer (accuracy by benchmark) and for each method of the comparison (coverage@N),
                       as https://github.com/evaleval/every_eval_ever defines them

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
from statistics import NormalDist
from typing import Any

from acdc.errors import InputError
from evals.comparison import Comparison
from evals.correctness import Correctness, read
from evals.evaluation import replace_file, write_json

SCHEMA = "0.3.0"
_URL = "https://arxiv.org/abs/2604.14969"
_CONFIDENCE = 0.95


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
        return re.sub(r"[^\w.+-]+", "-", f"{self.place}-{self.model}{warm}")


def answered(results: Path) -> Iterator[Answered]:
    """Everybody's answers to all benchmarks, place by place.

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
        everybody = dict.fromkeys(
            (who.model, who.temperature) for matrix in matrices.values() for who in matrix.answerers
        )
        for model, temperature in everybody:
            rows = {name: (matrix, matrix.rows(model, temperature)) for name, matrix in matrices.items()}
            place = folder.relative_to(results).as_posix()
            yield Answered(place, model, temperature, {k: v for k, v in rows.items() if v[1]}, folder, at)


def lm_eval_logs(results: Path, to: Path) -> int:
    """Write everybody's samples as the lm-eval command does.

    Args:
        results: `results/<family>`.
        to: A folder; one below it for each answerer.

    Returns:
        How many answerers.

    Raises:
        InputError: There are no results, or their samples are missing.
    """
    everybody = list(answered(results))
    for folder in dict.fromkeys(one.folder for one in everybody):
        mine = [one for one in everybody if one.folder == folder]
        for benchmark in dict.fromkeys(name for one in mine for name in one.rows):
            _write_samples(folder / benchmark / "samples.jsonl", benchmark, mine, to)
    for one in everybody:
        write_json(to / one.name / f"results_{_stamp(one.at)}.json", _results(one))
    return len(everybody)


def every_eval_ever(
    results: Path, family: str, comparison: Comparison | None, organization: str, to: Path
) -> int:
    """Write one document for each answerer and for each method of the comparison.

    Args:
        results: `results/<family>`.
        family: Its name.
        comparison: With the coverage of methods; None where `acdc compare` has not run.
        organization: Who provides the data.
        to: A folder.

    Returns:
        How many documents.

    Raises:
        InputError: There are no results.
    """
    documents = {}
    for one in answered(results):
        listed = [_accuracy(one, name, *rows) for name, rows in one.rows.items()]
        documents[one.name] = _document(family, one.model, one.name, one.at, organization, listed, one)
    at = max(one.at for one in answered(results))
    if comparison is not None:
        for method in (method for method in comparison.methods if method.coverage):
            listed = [row for point in method.coverage for row in _coverage(comparison, point)]
            name = re.sub(r"[^\w.+-]+", "-", f"method-{method.id}")
            documents[name] = _document(family, method.name, name, at, organization, listed, None)
    for name, document in documents.items():
        write_json(to / f"{name}.json", document)
    return len(documents)


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
    except (ValueError, KeyError) as error:
        raise InputError(f"{path}: no samples of an evaluation ({error}); evaluate again") from None
    for one in mine:
        folder = to / one.name
        folder.mkdir(parents=True, exist_ok=True)
        draws = sorted(key for key in by_row if key[:2] == (one.model, one.temperature))
        for number, key in enumerate(draws):
            stamp = _stamp(one.at + timedelta(microseconds=number))
            replace_file(folder / f"samples_{benchmark}_{stamp}.jsonl", b"".join(by_row[key]))


def _results(one: Answered) -> dict[str, Any]:
    """The keys of lm-eval's results_*.json, as far as results know them."""
    found: dict[str, dict[str, Any]] = {}
    for name, (matrix, rows) in one.rows.items():
        mean, error, _ = _mean(matrix, rows)
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
            "model_args": {"weights_hash": _weights(one), "place": one.place},
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


def _document(
    family: str,
    model: str,
    name: str,
    at: datetime,
    organization: str,
    results: Sequence[dict[str, Any]],
    one: Answered | None,
) -> dict[str, Any]:
    created = str(int(at.timestamp()))
    endpoint = one is not None and _weights(one).startswith("api:")
    details = {
        "deployment_type": "externally_managed" if endpoint else "self_deployed",
        "model_availability": "unknown",
        "family": family,
    }
    if one is not None:
        details |= {"weights_hash": _weights(one), "place": one.place}
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"acdc/{family}/{name}/{created}",
        "evaluation_timestamp": at.isoformat(),
        "retrieved_timestamp": created,
        "source_metadata": {
            "source_name": "AC/DC",
            "source_type": "evaluation_run",
            "source_organization_name": organization,
            "evaluator_relationship": "third_party"
            if one is not None and one.place == "baselines"
            else "first_party",
        },
        "eval_library": {
            "name": "lm_eval",
            "version": version("lm_eval"),
            "additional_details": {"acdc-coevolution": version("acdc-coevolution")},
        },
        "model_info": {
            "name": model,
            "id": f"{family}/{name}",
            "additional_details": details,
        },
        "evaluation_results": list(results),
    }


def _accuracy(one: Answered, benchmark: str, matrix: Correctness, rows: Sequence[int]) -> dict[str, Any]:
    mean, error, questions = _mean(matrix, rows)
    z = NormalDist().inv_cdf(0.5 + _CONFIDENCE / 2)
    missing = int(matrix.missing[rows].sum())
    return {
        "evaluation_result_id": f"{benchmark}/accuracy",
        "evaluation_name": benchmark,
        "source_data": {
            "dataset_name": benchmark,
            "source_type": "other",
            "source_version": _version(matrix),
        },
        "metric_config": {
            "metric_id": "accuracy",
            "metric_name": "Accuracy",
            "metric_kind": "accuracy",
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 1,
        },
        "score_details": {
            "score": mean,
            "details": {
                "draws": str(len(rows)),
                "cut_off": f"{matrix.cut[rows].mean():.6f}",
                "missing": str(missing),
            },
            "uncertainty": {
                "standard_error": {"value": error, "method": "over questions"},
                "confidence_interval": {
                    "lower": max(0.0, mean - z * error),
                    "upper": min(1.0, mean + z * error),
                    "confidence_level": _CONFIDENCE,
                    "method": "normal",
                },
                "num_samples": questions,
            },
        },
        "generation_config": {"generation_args": {"temperature": one.temperature}},
    }


def _coverage(comparison: Comparison, point: Any) -> list[dict[str, Any]]:
    """Coverage at one N: of each benchmark, and of their mean with its interval."""
    interval = {
        "confidence_interval": {
            "lower": point.coverage.low,
            "upper": point.coverage.high,
            "confidence_level": comparison.confidence,
            "method": "bootstrap over run seeds and questions, benchmarks fixed",
        }
    }
    everything = sum(comparison.benchmarks.values())
    scores: list[tuple[str, float, int, dict[str, Any]]] = [
        ("mean of benchmarks", point.coverage.mean, everything, interval)
    ]
    scores += [
        (name, value, comparison.benchmarks[name], {"num_samples": comparison.benchmarks[name]})
        for name, value in point.benchmarks.items()
    ]
    return [
        {
            "evaluation_result_id": f"{name}/coverage_at_{point.n}",
            "evaluation_name": name,
            "source_data": {"dataset_name": name, "source_type": "other"},
            "metric_config": {
                "evaluation_description": "Share of questions that at least one of N answers solves",
                "metric_id": "acdc.coverage_at_n",
                "metric_name": f"Coverage@{point.n}",
                "metric_kind": "pass_rate",
                "metric_unit": "proportion",
                "metric_parameters": {"n": point.n},
                "lower_is_better": False,
                "score_type": "continuous",
                "min_score": 0,
                "max_score": 1,
                "additional_details": {"definition": _URL},
            },
            "score_details": {
                "score": score,
                "details": {"run_seeds": str(len(point.runs)), "questions": str(questions)},
                "uncertainty": uncertainty,
            },
        }
        for name, score, questions, uncertainty in scores
    ]


def _mean(matrix: Correctness, rows: Sequence[int]) -> tuple[float, float, int]:
    """Mean over questions of the share of right draws, its standard error, and how many questions; missing answers are left out."""
    given = ~matrix.missing[list(rows)]
    there = given.any(axis=0)
    shares = (matrix.correct[list(rows)] & given).sum(axis=0)[there] / given.sum(axis=0)[there]
    if not len(shares):
        raise InputError(f"{matrix.source}: every answer of {matrix.answerers[rows[0]].model} is missing")
    error = float(shares.std(ddof=1) / math.sqrt(len(shares))) if len(shares) > 1 else 0.0
    return float(shares.mean()), error, len(shares)


def _weights(one: Answered) -> str:
    matrix, rows = next(iter(one.rows.values()))
    return matrix.answerers[rows[0]].weights_hash


def _version(matrix: Correctness) -> str:
    """Names the very questions: a hash of theirs."""
    import hashlib

    return hashlib.blake2b("\n".join(matrix.hashes).encode(), digest_size=8).hexdigest()


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H-%M-%S.%f")
