"""Trains the embedded family: trains what is missing, keeps what is finished, writes family.json. `shipped.py` is the other way.

Into the folder `out` go:

- base, general, strings, arithmetic, lists, big: Hugging Face folders, each with training.json beside its weights;
- family.json, what the settings determine: names, hashes, sizes, accuracies;
- training_journal.json, what they do not: CPU seconds of each model, from when it was last trained.
"""

import functools
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.files import write_text
from acdc.tiny.settings import TinySettings
from acdc.tiny.skills import DOMAINS

if TYPE_CHECKING:
    from acdc.tiny.training import Job

NAME = "tiny"
SEEDS = ("general", *DOMAINS)
MODELS = ("base", *SEEDS, "big")
Result = tuple[dict[str, Any], float]
"""A model's record, and the CPU seconds that it took."""
Progress = Callable[[str, int, int], None]
"""Called with a model's name, the steps done and the steps in all."""
MANIFEST = "family.json"
JOURNAL = "training_journal.json"


def in_process(missing: "Mapping[str, Job]", out: Path, progress: Progress) -> dict[str, Result]:
    """Trains models one after another in this process, with as many threads as torch has here."""
    from acdc.tiny import training

    return {
        name: training.run(job, out, functools.partial(_told, progress, job)) for name, job in missing.items()
    }


def train_one(job: "Job", out: Path, *, report: Callable[..., None]) -> Result:
    """Trains one model in a worker process, with one thread.

    Args:
        job: What to train; its parent must lie finished in `out`.
        out: Folder of the family.
        report: Told of the steps, as `done` and `of`.
    """
    import torch

    from acdc.tiny import training

    torch.set_num_threads(1)
    return training.run(job, out, lambda steps: report(done=steps, of=job.steps))


def _remove_shipped(out: Path) -> None:
    """Remove models that are copies of the shipped ones: who asks for training gets trained models."""
    try:
        shipped = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["from"] == "shipped"
    except (OSError, ValueError, KeyError, TypeError):  # no family, or one that was trained
        return
    if shipped:
        for name in MODELS:
            shutil.rmtree(out / name, ignore_errors=True)
        (out / MANIFEST).unlink()


def _told(progress: Progress, job: "Job", steps: int) -> None:
    progress(job.name, steps, job.steps)


def train_family(
    settings: TinySettings,
    out: Path,
    *,
    train: "Callable[[Mapping[str, Job], Path, Progress], dict[str, Result]]" = in_process,
    progress: Progress = lambda name, done, of: None,
) -> None:
    """Trains the models that `out` does not hold yet; interrupted, it goes on with those that are missing.

    Args:
        settings: What to train.
        out: Folder of the family.
        train: Trains the missing models, parents first: here, or in worker processes (:func:`acdc.families.prepare.in_workers`).
        progress: Called with a model's name, the steps done and the steps in all; a finished model reports once.

    Raises:
        InfrastructureError: A worker process died.
    """
    from acdc.tiny import training

    out.mkdir(parents=True, exist_ok=True)
    _remove_shipped(out)
    jobs = training.plan(settings)
    records = {name: record for name, job in jobs.items() if (record := training.finished(job, out))}
    missing = {name: job for name, job in jobs.items() if name not in records}
    for name in records:
        progress(name, jobs[name].steps, jobs[name].steps)
    results = train(missing, out, progress)
    records |= {name: record for name, (record, _) in results.items()}
    _write(out / MANIFEST, manifest(settings, jobs, records))
    if results:
        _write(out / JOURNAL, _journal(out) | {name: {"cpu_seconds": s} for name, (_, s) in results.items()})


def manifest(
    settings: TinySettings, jobs: Mapping[str, "Job"], records: Mapping[str, Mapping[str, Any]]
) -> dict[str, object]:
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


def _journal(out: Path) -> dict[str, object]:
    try:
        journal: dict[str, object] = json.loads((out / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no journal, or one that was cut off: times are no content
        return {}
    return journal


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=2) + "\n")
