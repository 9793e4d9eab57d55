"""Trains the embedded family: trains what is missing, keeps what is finished, writes family.json. `shipped.py` is the other way.

Into the folder `out` go:

- base, general, strings, arithmetic, lists, big: Hugging Face folders, each with training.json beside its weights;
- family.json, what the settings determine: names, hashes, sizes, accuracies;
- training_journal.json, what they do not: CPU seconds of each model, from when it was last trained.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.files import write_text
from acdc.tiny.settings import TinySettings
from acdc.tiny.skills import DOMAINS
from acdc.tiny.workers import Progress, Result, run_jobs

if TYPE_CHECKING:
    from acdc.tiny.training import Job

NAME = "tiny"
SEEDS = ("general", *DOMAINS)
MODELS = ("base", *SEEDS, "big")
MANIFEST = "family.json"
JOURNAL = "training_journal.json"


def train_family(
    settings: TinySettings, out: Path, *, workers: int = 2, progress: Progress | None = None
) -> None:
    """Trains the models that `out` does not hold yet; interrupted, it goes on with those that are missing.

    Args:
        settings: What to train.
        out: Folder of the family.
        workers: Processes of one thread each; 0 trains in this process, with as many threads as torch has here.
        progress: Called with a model's name, the steps done and the steps in all; a finished model reports once.

    Raises:
        InfrastructureError: A worker process died.
    """
    from acdc.tiny import training

    out.mkdir(parents=True, exist_ok=True)
    jobs = training.plan(settings)
    records = {name: record for name, job in jobs.items() if (record := training.finished(job, out))}
    missing = {name: job for name, job in jobs.items() if name not in records}
    for name in records:
        if progress:
            progress(name, jobs[name].steps, jobs[name].steps)
    results = run_jobs(missing, out, workers, progress) if workers else _in_process(missing, out, progress)
    records |= {name: record for name, (record, _) in results.items()}
    _write(out / MANIFEST, manifest(settings, jobs, records))
    if results:
        _write(out / JOURNAL, _journal(out) | {name: {"cpu_seconds": s} for name, (_, s) in results.items()})


def _in_process(missing: Mapping[str, "Job"], out: Path, progress: Progress | None) -> dict[str, Result]:
    from acdc.tiny import training

    results = {}
    for name, job in missing.items():

        def told(steps: int, job: "Job" = job) -> None:
            if progress:
                progress(job.name, steps, job.steps)

        results[name] = training.run(job, out, told)
    return results


def manifest(
    settings: TinySettings, jobs: Mapping[str, "Job"], records: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The content of family.json.

    `big_clearly_better` compares the big model with the better of base and general seed on the same
    in-distribution questions; `big_advantage` gives the difference, its standard error and what "clearly" asks for.
    """
    best = max(("base", "general"), key=lambda name: records[name]["id_accuracy_mean"])
    items = records["big"]["id_items"]
    big, small = records["big"]["id_accuracy_mean"], records[best]["id_accuracy_mean"]
    error = ((big * (1 - big) + small * (1 - small)) / items) ** 0.5
    return {
        "name": NAME,
        "base": "base",
        "seeds": {name: name for name in SEEDS},
        "big": "big",
        "from": "scratch",
        "settings_hash": _hash([jobs[name].settings_hash for name in MODELS]),
        "settings": settings.model_copy(update={"origin": "scratch"}).model_dump(by_alias=True),
        "models": {name: dict(records[name]) for name in MODELS},
        "big_advantage": {
            "against": best,
            "parameters_ratio": records["big"]["parameters"] / records[best]["parameters"],
            "difference": big - small,
            "standard_error": error,
            "clear_from": 2 * error,
        },
        "big_clearly_better": big - small > 2 * error,
    }


def weights_file_hash(folder: Path) -> str | None:
    """blake2b of a model folder's weights file; None where there is none."""
    try:
        with (folder / "model.safetensors").open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return None


def _hash(parts: Sequence[str]) -> str:
    return hashlib.blake2b(" ".join(parts).encode(), digest_size=16).hexdigest()


def _journal(out: Path) -> dict[str, Any]:
    try:
        journal: dict[str, Any] = json.loads((out / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no journal, or one that was cut off: times are no content
        return {}
    return journal


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=2) + "\n")
