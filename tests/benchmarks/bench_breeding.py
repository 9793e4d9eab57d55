"""Seconds and memory of one child, crossover and mutation, against the naive way, on a random model of real shapes.

Run: python tests/benchmarks/bench_breeding.py [layers] [hidden] [dtype]
Every way makes the same child in a process of its own, one thread, from a base and two parents that are in memory already, and ends
with the weights in a living model. Naive: merge everything, `torch.linalg.svd` in fp32 with its default driver and dense
reconstruction of every matrix, then `save_pretrained` and `from_pretrained`. CPU seconds are of the process, so they bear company on
the machine better than wall-clock time. Extra memory is the highest anonymous memory beyond what was there before, sampled.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import scipy.linalg  # noqa: F401 - so that libraries are no memory of a child's
import torch

from acdc.population.breeding import breed, stream_bred
from acdc.population.recipe import child_recipe
from acdc.processes.machine import this_machine
from acdc.variation import CrossoverSettings, MutationSettings
from acdc.weights.checkpoint import load_weights
from acdc.weights.shards import StoredWeights, headers, size_of, write_shards
from acdc.weights.tensors import weights_hash

RANK, SCALE, WEIGHTS = 256, 0.25, (0.8, 1.3)  # the paper's rank and scale
RECIPE = child_recipe(
    ["first", "second"], WEIGHTS, CrossoverSettings(), MutationSettings(rank=RANK, scale=SCALE), seed=0
)


class Watch:
    """CPU seconds, wall seconds, and the highest anonymous memory of this process beyond where it was."""

    def __enter__(self) -> "Watch":
        self._before, self._highest, self._on = anonymous(), 0, True
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        self._began = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = (time.process_time() - self._began[0], time.perf_counter() - self._began[1])
        self._on = False
        self._thread.join()
        self.extra = self._highest - self._before

    def _look(self) -> None:
        while self._on:
            self._highest = max(self._highest, anonymous())
            time.sleep(0.004)


def anonymous() -> int:
    """Anonymous resident memory in bytes: without pages of files, which the system drops when it needs them."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if "RssAnon" in line)
    return int(line.split()[1]) * 1024


def make_family(home: Path, layers: int, hidden: int, dtype: str) -> None:
    """Random base and two parents near it, with the widths of a 1 B Llama at hidden = 2048."""
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=32000,
        hidden_size=hidden,
        intermediate_size=hidden * 11 // 4,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 256,
        tie_word_embeddings=True,
        dtype=dtype,
    )
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config).to(getattr(torch, dtype))
    model.save_pretrained(home / "base")
    for name in ("first", "second"):
        with torch.no_grad():
            for tensor in model.parameters():
                tensor.add_(torch.randn_like(tensor), alpha=0.002)
        model.save_pretrained(home / name)


def naive(models: list[dict[str, torch.Tensor]], model: Any, scratch: Path) -> Any:
    """Everything whole, everything dense, everything over the disk."""
    import transformers

    base, *parents = models
    merged = {}
    for name, origin in base.items():
        total = sum(w * (p[name].float() - origin.float()) for w, p in zip(WEIGHTS, parents, strict=True))
        merged[name] = (origin.float() + total / sum(WEIGHTS)).to(origin.dtype)
    generator = np.random.Generator(np.random.PCG64(int(RECIPE.stream, 16)))
    mutated = {}
    for name in sorted(merged):
        weight = merged[name]
        if weight.dim() == 2:
            u, s, vt = torch.linalg.svd(weight.float(), full_matrices=False)
            k = min(RANK, len(s))
            noise = torch.from_numpy(generator.standard_normal(k)).float() * SCALE
            s[:k] = (s[:k] + noise).clamp(min=0)
            weight = (u @ torch.diag(s) @ vt).to(weight.dtype)
        mutated[name] = weight
    model.load_state_dict(mutated, strict=False)  # the head is the embedding
    model.save_pretrained(scratch)
    return transformers.AutoModelForCausalLM.from_pretrained(scratch)


def in_memory(models: list[dict[str, torch.Tensor]], model: Any, scratch: Path) -> Any:
    """As a run does it where two models fit."""
    child = breed(RECIPE, models[0], models[1:])
    weights_hash(child)
    model.load_state_dict(child, strict=False)
    return model


def through_shards(models: list[dict[str, torch.Tensor]], model: Any, scratch: Path) -> Any:
    """As a run does it where they do not."""
    write_shards(stream_bred(RECIPE, models[0], models[1:]), headers(models[0]), scratch)
    places = model.state_dict()
    for name, tensor in StoredWeights(scratch).items():
        places[name].copy_(tensor)
    return model


WAYS = {"naive": naive, "in memory": in_memory, "through shards": through_shards}


def measure(way: str, home: Path) -> None:
    """One child in this process; prints JSON."""
    import transformers

    torch.set_num_threads(1)
    models = [load_weights(home / name) for name in ("base", "first", "second")]
    model = transformers.AutoModelForCausalLM.from_pretrained(home / "base")
    for parameter in model.parameters():
        parameter.data = (
            parameter.data.clone()
        )  # the engine's own memory, not pages of a file that become so later
    with Watch() as watch:
        model = WAYS[way](models, model, home / f"child {way}")
    state = {name: tensor.float() for name, tensor in model.state_dict().items()}
    shapes = sum(tensor.numel() for tensor in models[0].values())
    torch.save({name: state[name] for name in sorted(state)[:3]}, home / f"{way}.pt")
    facts = {"cpu": watch.cpu, "wall": watch.wall, "extra": watch.extra / size_of(models[0])}
    sys.stdout.write(json.dumps({**facts, "parameters": shapes, "bytes": size_of(models[0])}) + "\n")


def main(layers: int = 2, hidden: int = 2048, dtype: str = "bfloat16") -> None:
    """Print machine, seconds, memory and ratios."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as home:
        make_family(Path(home), layers, hidden, dtype)
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, home]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[way] = json.loads(done.stdout.splitlines()[-1])
        first, last = (torch.load(Path(home) / f"{way}.pt") for way in ("naive", "through shards"))
    facts = found["naive"]
    print(f"{this_machine().cpu}, one thread, torch {torch.__version__}")
    print(
        f"{facts['parameters'] / 1e6:.0f} M random parameters, {layers} layers, hidden {hidden}, {dtype}, k = {RANK}, "
        f"{facts['bytes'] / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'way':16} {'CPU s':>8} {'wall s':>8} {'faster':>8} {'extra memory / model':>22}")
    for way, of in found.items():
        print(
            f"{way:16} {of['cpu']:8.1f} {of['wall']:8.1f} {facts['cpu'] / of['cpu']:7.1f}x {of['extra']:22.2f}"
        )
    for name in first:
        away = float((first[name] - last[name]).norm() / first[name].norm())
        print(f"naive and ours differ by {away:.1e} of {name}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--way"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))  # type: ignore[arg-type]
