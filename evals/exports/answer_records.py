"""Answers one by one, as every_eval_ever's schema 0.3.0 has them at the level of instances: one JSON line an answer.

A missing answer has no line: it is neither right nor wrong, and the document beside counts it. What a benchmark withholds from results
(GPQA's text) is not in samples and so in no record; then there is no hash of the question's text either.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from acdc.chat.prompt_files import sendable
from evals.answering.benchmark_run import ASKED, WITHHELD
from evals.answering.samples import counted, each_sample, extracted

Who = tuple[str, float]
_METADATA = (
    "draw",
    "temperature",
    "finish",
    "question_hash",
    "mean_logprob",
    "self_certainty",
    "sandbox_error",
)


def write_records(
    folder: Path, heads: Mapping[Who, Mapping[str, str]], places: Mapping[Who, Path]
) -> dict[Who, tuple[str, int]]:
    """Write the records of all models in one folder of results.

    Args:
        folder: With a folder for each benchmark, and its `samples.jsonl`.
        heads: For each (model, temperature) what all its records say.
        places: For each its file; the folder exists.

    Returns:
        For each SHA-256 of the file, in hexadecimal, and its number of lines; who has no line is left out.

    Raises:
        InputError: Samples are missing or damaged.
    """
    digests = {who: hashlib.sha256() for who in places}
    counts = dict.fromkeys(places, 0)
    with contextlib.ExitStack() as stack:
        files: dict[Who, IO[bytes]] = {
            who: stack.enter_context(path.open("wb")) for who, path in places.items()
        }
        for samples in sorted(folder.glob("*/samples.jsonl")):
            for who, line in _records(samples, heads):
                files[who].write(line)
                digests[who].update(line)
                counts[who] += 1
    return {who: (digests[who].hexdigest(), counts[who]) for who in places if counts[who]}


def record(sample: Mapping[str, Any], head: Mapping[str, str]) -> dict[str, Any]:
    """One answer that is there.

    Args:
        sample: A line of `samples.jsonl`.
        head: Fields that all records of its document share.
    """
    benchmark, doc = str(sample["benchmark"]), sample["doc"]
    prompt, reply = str(sample["arguments"][0][0]), str(sample["resps"][0][0])
    raw = next((str(doc[field]) for field in ASKED if isinstance(doc.get(field), str)), prompt)
    reference = [str(sample["target"])]
    withheld = prompt == WITHHELD
    tokens = {"input_tokens": int(sample["prompt_tokens"]), "output_tokens": int(sample["tokens"])}
    usage = {**tokens, "total_tokens": sum(tokens.values())}
    return {
        **head,
        "evaluation_name": benchmark,
        "evaluation_result_id": f"{benchmark}/accuracy",
        "sample_id": str(sample["question_id"]),
        "sample_hash": None if withheld else _hash(raw, reference),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "formatted": prompt, "reference": reference},
        "output": {"raw": [reply]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": extracted(sample["filtered_resps"]),
                "extraction_method": f"lm_eval filter {sample['filter']}",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": float(sample["correct"]), "is_correct": bool(sample["correct"])},
        **({"token_usage": usage} if counted(sample) else {}),
        "metadata": {key: str(sample[key]) for key in _METADATA if sample.get(key) is not None},
    }


def _records(path: Path, heads: Mapping[Who, Mapping[str, str]]) -> Iterator[tuple[Who, bytes]]:
    def made(sample: dict[str, Any]) -> tuple[Who, bytes]:
        who = (sample["model"], float(sample["temperature"]))
        return who, b"" if sample["correct"] is None else _line(record(sample, heads[who]))

    return ((who, line) for who, line in each_sample(path, made) if line)


def _line(row: Mapping[str, Any]) -> bytes:
    # Halves of surrogate pairs are no text for others who read the file.
    return sendable(json.dumps(row, ensure_ascii=False, allow_nan=False)).encode() + b"\n"


def _hash(raw: str, reference: list[str]) -> str:
    """The schema's hash of a question, the same in the data of all projects."""
    text = json.dumps({"raw": raw, "reference": reference}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
