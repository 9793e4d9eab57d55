"""Results as documents of every_eval_ever, schema 0.3.0, in the places where that project keeps them.

    data/<collection>/<family>/<answerer>/<uuid>.json             accuracy by benchmark of each answerer; of each method of the comparison
                                                                  coverage@N
    data/<collection>/<family>/<answerer>/<uuid>_samples.jsonl    of each answerer every answer (:mod:`evals.exports.answer_records`)

https://github.com/evaleval/every_eval_ever defines the schema. The uuid follows from organization, family and answerer, so the same results export to the same files.
Whenever an export ends, no document points to answers that are not its own. Documents of other results in the same folder are refused.
"""

import hashlib
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import NormalDist
from typing import Any

from acdc.errors import InputError
from acdc.numbers.digits import fixed
from evals.answering.evaluate_taskforce import write_json
from evals.comparison.document import Comparison
from evals.correctness import Correctness
from evals.exports.answer_records import write_records
from evals.exports.exports import Answered, answered, file_name, mean_share

SCHEMA = "0.3.0"
COLLECTION = "acdc-coevolution"
_URL = "https://arxiv.org/abs/2604.14969"
_CONFIDENCE = 0.95


def every_eval_ever(
    results: Path, family: str, comparison: Comparison | None, organization: str, to: Path
) -> int:
    """Write one document for each answerer, with its answers beside it, and one for each method of the comparison.

    Args:
        results: `results/<family>`.
        family: Its name.
        comparison: With the coverage of methods; None where `acdc compare` has not run.
        organization: Who provides the data.
        to: A folder.

    Returns:
        How many documents.

    Raises:
        InputError: There are no results, or their samples are missing or damaged, or the folder holds documents of other results.
    """
    all_answered = list(answered(results))
    documents = {}
    for one in all_answered:
        listed = [_accuracy(one, name, *rows) for name, rows in one.rows.items()]
        documents[one.name] = _document(family, one.model, one.name, one.at, organization, listed, one)
    if comparison is not None:
        at = max(one.at for one in all_answered)
        for method in (method for method in comparison.methods if method.coverage):
            listed = [row for point in method.coverage for row in _coverage(comparison, point)]
            name = file_name(f"method-{method.id}")
            documents[name] = _document(family, method.name, name, at, organization, listed, None)
    places = {name: _place(family, organization, name) for name in documents}
    _refuse_others(to, places.values())
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=to) as scratch:
        details: dict[str, tuple[str, int]] = {}
        for folder in dict.fromkeys(one.folder for one in all_answered):
            mine = {(one.model, one.temperature): one for one in all_answered if one.folder == folder}
            heads = {who: _head(documents[one.name]) for who, one in mine.items()}
            files = {who: Path(scratch, one.name) for who, one in mine.items()}
            found = write_records(folder, heads, files)
            details |= {mine[who].name: about for who, about in found.items()}
        for name, document in documents.items():
            _publish(to, places[name], document, Path(scratch, name), details.get(name))
    return len(documents)


def _publish(
    to: Path, place: Path, document: dict[str, Any], records: Path, details: tuple[str, int] | None
) -> None:
    """Put a document in its place, and its records, where there are any, beside it."""
    path, beside = to / f"{place}.json", place.with_name(f"{place.name}_samples.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # it must not stand beside others' records if this is interrupted
    if details is None:
        (to / beside).unlink(missing_ok=True)
    else:
        records.replace(to / beside)
        document["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": beside.as_posix(),
            "hash_algorithm": "sha256",
            "checksum": details[0],
            "total_rows": details[1],
        }
    write_json(path, document)


def _refuse_others(to: Path, places: Iterable[Path]) -> None:
    """Documents of answerers that are gone would be read as if they were of these results."""
    mine = {to / f"{place}{ending}" for place in places for ending in (".json", "_samples.jsonl")}
    for folder in {path.parent.parent for path in mine}:
        for path in sorted(folder.glob("*/*.json*")):
            if path not in mine:
                raise InputError(
                    f"{path}: of an answerer, or an organization, that these results do not have; name an empty folder, or remove it"
                )


def _place(family: str, organization: str, name: str) -> Path:
    """Where a document lies, without the ending of its name."""
    digest = hashlib.blake2b("\0".join((organization, family, name)).encode(), digest_size=16).digest()
    return Path("data", COLLECTION, file_name(family), name, str(uuid.UUID(bytes=digest, version=4)))


def _head(document: Mapping[str, Any]) -> dict[str, str]:
    """What every record of an answer says of its document."""
    return {
        "schema_version": SCHEMA,
        "evaluation_id": document["evaluation_id"],
        "model_id": document["model_info"]["id"],
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
    endpoint = one is not None and one.weights_hash.startswith("api:")
    details = {
        "deployment_type": "externally_managed" if endpoint else "self_deployed",
        "model_availability": "unknown",
        "family": family,
    }
    if one is not None:
        details |= {"weights_hash": one.weights_hash, "place": one.place}
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
    mean, error, questions = mean_share(matrix, rows)
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
                "cut_off": fixed(matrix.cut[rows].mean(), 6),
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


def _version(matrix: Correctness) -> str:
    """Names the very questions: a hash of theirs."""
    return hashlib.blake2b("\n".join(matrix.hashes).encode(), digest_size=8).hexdigest()
