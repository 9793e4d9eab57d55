"""Trains one model of the tiny family: the same settings give the same bytes on the same machine.

A job says everything that decides the result. Its hash covers the parent's and the source of what draws questions and
takes steps, so that a finished model is reused exactly when training it again would change nothing.
"""

import functools
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from acdc.streams import key, stream
from acdc.tiny import tokenizer
from acdc.tiny.muon import Muon
from acdc.tiny.questions import by_domain, measured, training_stream
from acdc.tiny.settings import Shape, TinySettings
from acdc.tiny.skills import DOMAINS, Item
from acdc.tiny.transformer import EMBEDDING, Ragged, initial, logits, ragged, write_config

SOURCES = (
    "draws.py",
    "muon.py",
    "questions.py",
    "skills.py",
    "solvers.py",
    "tokenizer.py",
    "training.py",
    "transformer.py",
)
WEIGHTS = "model.safetensors"
RECORD = "training.json"


@dataclass(frozen=True)
class Job:
    """One model to train.

    Attributes:
        name: Folder and random stream of the model.
        parent: Name of the model it goes on from, "" for fresh weights.
        shape: Its size; a child's is its parent's.
        domains: What it is trained on.
        steps: Number of steps.
        factor: Multiplies both learning rates.
        settings: Everything else.
        settings_hash: Hash of all that decides the weights, the parent's included.
    """

    name: str
    parent: str
    shape: Shape
    domains: tuple[str, ...]
    steps: int
    factor: float
    settings: TinySettings
    settings_hash: str


@functools.cache
def source_hash() -> str:
    """Hash of the source files and versions that decide what a job trains."""
    digest = hashlib.blake2b(torch.__version__.encode(), digest_size=16)
    for name in SOURCES:
        digest.update(resources.files("acdc.tiny").joinpath(name).read_bytes())
    return digest.hexdigest()


def plan(settings: TinySettings) -> dict[str, Job]:
    """The six jobs in an order in which parents come first; the big model, the longest, is the very first."""
    shared = settings.model_dump(
        include={
            "seed", "batch", "muon_rate", "embedding_rate", "warmup_steps", "decay_share", "chain_share",
            "skill_shares", "measured_items",
        }
    )  # fmt: skip
    jobs: dict[str, Job] = {}

    def put(
        name: str, parent: str, shape: Shape, domains: tuple[str, ...], steps: int, factor: float
    ) -> None:
        content = {
            "name": name,
            "parent": jobs[parent].settings_hash if parent else "",
            "shape": shape.model_dump(),
            "domains": domains,
            "steps": steps,
            "factor": factor,
            "settings": shared,
            "source": source_hash(),
        }
        text = json.dumps(content, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        jobs[name] = Job(name, parent, shape, domains, steps, factor, settings, digest)

    put("big", "", settings.big_shape, DOMAINS, settings.big_steps, 1.0)
    put("base", "", settings.shape, DOMAINS, settings.base_steps, 1.0)
    put("general", "base", settings.shape, DOMAINS, settings.tune_steps, settings.tune_factor)
    for domain in DOMAINS:
        put(domain, "base", settings.shape, (domain,), settings.tune_steps, settings.tune_factor)
    return jobs


def file_hash(path: Path) -> str:
    """blake2b of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def finished(job: Job, out: Path) -> dict[str, Any] | None:
    """The record of a job whose intact result lies in `out`, else None."""
    folder = out / job.name
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["settings_hash"] == job.settings_hash and record["weights_hash"] == file_hash(
            folder / WEIGHTS
        ):
            return record
    except (OSError, ValueError, KeyError):  # absent, cut off or of another version: train it
        return None
    return None


def run(job: Job, out: Path, progress: Callable[[int], None] | None = None) -> tuple[dict[str, Any], float]:
    """Trains, measures and stores one model.

    Args:
        job: What to train; its parent must lie finished in `out`.
        out: Folder of the family.
        progress: Called with the number of steps done, every few steps.

    Returns:
        The record that also lies beside the weights, and the CPU seconds taken.
    """
    began = time.process_time()
    weights = _start(job, out)
    _train(weights, job, progress)
    accuracy = measure(weights, job.shape, measured(job.settings.seed, job.settings.measured_items))
    scratch = out / f"{job.name}.tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    _save(weights, job.shape, scratch)
    record = {
        "settings_hash": job.settings_hash,
        "weights_hash": file_hash(scratch / WEIGHTS),
        "parameters": sum(weight.numel() for weight in weights.values()),
        "steps": job.steps,
        "id_accuracy": accuracy,
        "id_accuracy_by_domain": by_domain(accuracy),
        "id_accuracy_mean": sum(accuracy.values()) / len(accuracy),
        "id_items": job.settings.measured_items * len(accuracy),
    }
    (scratch / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(out / job.name, ignore_errors=True)
    os.replace(scratch, out / job.name)
    return record, time.process_time() - began


def _start(job: Job, out: Path) -> dict[str, Tensor]:
    """The weights that training starts from: the parent's, or fresh ones from the job's own stream."""
    if not job.parent:
        generator = torch.Generator().manual_seed(key(job.settings.seed, "tiny weights", job.name) % 2**63)
        return initial(job.shape, generator)
    from safetensors.torch import load_file

    loaded: dict[str, Tensor] = load_file(out / job.parent / WEIGHTS)
    return loaded


def _train(weights: dict[str, Tensor], job: Job, progress: Callable[[int], None] | None) -> None:
    """Moves the weights in place; they come back without gradients."""
    settings = job.settings
    for weight in weights.values():
        weight.requires_grad_()
    inside = [name for name, weight in weights.items() if weight.ndim == 2 and name != EMBEDDING]
    muon = Muon(weights[name] for name in inside)
    others = [weight for name, weight in weights.items() if name not in inside]
    adam = torch.optim.AdamW(others, lr=settings.embedding_rate, betas=(0.9, 0.95), weight_decay=0.0)
    rng = stream(settings.seed, "tiny training questions", job.name)
    questions = training_stream(rng, job.domains, settings.skill_shares, settings.chain_share)
    for step in range(job.steps):
        batch, targets = turns([next(questions) for _ in range(settings.batch)])
        loss = torch.nn.functional.cross_entropy(logits(weights, job.shape, batch), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        factor = job.factor * schedule(step, job.steps, settings.warmup_steps, settings.decay_share)
        muon.step(settings.muon_rate * factor)
        adam.param_groups[0]["lr"] = settings.embedding_rate * factor
        adam.step()
        for weight in weights.values():
            weight.grad = None
        if progress and (step % 10 == 9 or step == job.steps - 1):
            progress(step + 1)
    for weight in weights.values():
        weight.requires_grad_(False)


def schedule(step: int, steps: int, warmup: int, decay_share: float) -> float:
    """Factor of the learning rates: up over `warmup` steps, flat, down to zero over the last `decay_share`."""
    return min(1.0, (step + 1) / max(1, warmup), (steps - step) / (steps * decay_share))


def turns(items: list[Item]) -> tuple[Ragged, Tensor]:
    """Questions with their replies as one batch, and the ids of the reply tokens, the only ones that are predicted."""
    encoded = [tokenizer.encode_turn(item.phrase, item.reply) for item in items]
    kept = [range(len(question) - 1, len(question) + len(answer) - 1) for question, answer in encoded]
    batch = ragged([question + answer[:-1] for question, answer in encoded], kept)
    return batch, torch.tensor([token for _, answer in encoded for token in answer])


@torch.no_grad()
def measure(weights: Mapping[str, Tensor], shape: Shape, items: Mapping[str, list[Item]]) -> dict[str, float]:
    """Per skill, the share of questions whose greedy reply is, to the letter, the reference reply.

    Every token is predicted from the reference before it, which gives the same verdict as generating. Other rationales
    and other programs than the reference's count as wrong, so reasoned skills and programs are underestimated.
    """
    accuracy = {}
    for name, asked in items.items():
        batch, targets = turns(asked)
        hits = (logits(weights, shape, batch).argmax(dim=-1) == targets).tolist()
        lengths = [len(item.reply.encode()) + 1 for item in asked]
        ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
        right = [all(hits[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
        accuracy[name] = sum(right) / len(right)
    return accuracy


def _save(weights: Mapping[str, Tensor], shape: Shape, folder: Path) -> None:
    """Writes a Hugging Face model folder."""
    from safetensors.torch import save_file

    save_file(
        {name: weights[name].contiguous() for name in sorted(weights)}, folder / WEIGHTS, {"format": "pt"}
    )
    write_config(shape, folder)
    tokenizer.save(folder)
