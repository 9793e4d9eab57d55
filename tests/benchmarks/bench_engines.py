"""A population of 8 children that answer 100 tasks each: transformers, vLLM with swaps, and an engine started for every child.

Run: OMP_NUM_THREADS=1 .venv-vllm/bin/python tests/benchmarks/bench_engines.py [tiny | small | model directory] [dtype]
tiny (default): a random Llama of about the tiny family's size with heads that vLLM computes on a CPU (32 wide); small: one of 19 M
parameters. Where vLLM is
not installed only transformers is measured. All figures are of this one run; on a busy machine look at ratios by processor
time.
Engines started per child are measured on two children, after one that pays for imports.
"""

import importlib.util
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from acdc.engines import EngineSettings, VllmSettings, open_engine
from acdc.engines.engine import Request, Sampling
from acdc.processes.machine import this_machine
from acdc.weights.checkpoint import load_weights

CHILDREN, TASKS, STARTED = 8, 100, 2
SAMPLING = Sampling(max_new_tokens=48, logprobs=False)


SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {"hidden_size": 96, "num_attention_heads": 3, "intermediate_size": 256},
    "small": {
        "hidden_size": 512,
        "num_attention_heads": 8,
        "intermediate_size": 1376,
        "num_hidden_layers": 6,
    },
}


def random_model(size: str) -> Path:
    """A random model of one of the sizes, by the tests' own maker."""
    source = Path(__file__).parents[1] / "conftest.py"
    spec = importlib.util.spec_from_file_location("models_for_tests", source)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(source)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    directory = Path(tempfile.mkdtemp()) / "model"
    made: Path = maker._save_tiny_model(directory, initializer_range=0.05, **SHAPES[size])
    return made


def children(directory: Path, dtype: str) -> list[dict[str, Any]]:
    """The model's weights with a little noise, a child each."""
    weights = load_weights(directory)
    generator = torch.Generator().manual_seed(0)
    return [
        {
            name: (tensor.float() * (1 + 0.05 * torch.randn(tensor.shape, generator=generator))).to(
                getattr(torch, dtype)
            )
            for name, tensor in weights.items()
        }
        for _ in range(CHILDREN)
    ]


@dataclass
class Spent:
    """Seconds of the wall's clock and of the processor, loading and answering, and tokens written."""

    loading: float = 0.0
    answering: float = 0.0
    cpu_loading: float = 0.0
    cpu_answering: float = 0.0
    tokens: int = 0


def answer_all(engine: Any, population: list[dict[str, Any]], texts: list[str]) -> Spent:
    """What it takes for all children to answer all tasks."""
    requests = [Request(engine.chat(text), index) for index, text in enumerate(texts)]
    spent = Spent()
    for number, weights in enumerate(population):
        start, cpu_start = time.perf_counter(), time.process_time()
        engine.load(weights, str(number))
        loaded, cpu_loaded = time.perf_counter(), time.process_time()
        spent.tokens += sum(len(answer.tokens) for answer in engine.generate(requests, SAMPLING))
        spent.answering += time.perf_counter() - loaded
        spent.cpu_answering += time.process_time() - cpu_loaded
        spent.loading += loaded - start
        spent.cpu_loading += cpu_loaded - cpu_start
    return spent


def report(name: str, spent: Spent, count: int) -> tuple[float, float]:
    """Print one line; answers per second of the wall's clock and of the processor."""
    answers, seconds = count * TASKS, spent.loading + spent.answering
    cpu = spent.cpu_loading + spent.cpu_answering
    print(
        f"{name:34} {answers / seconds:8.1f} answers/s {spent.tokens / seconds:8.0f} tokens/s, a load "
        f"{1000 * spent.loading / count:9.1f} ms = {spent.loading / spent.answering:7.1%} of answering {TASKS}; by processor "
        f"time {answers / cpu:8.1f} answers/s, {1000 * spent.cpu_loading / count:9.1f} ms = "
        f"{spent.cpu_loading / spent.cpu_answering:7.1%}",
        flush=True,
    )
    return answers / seconds, answers / cpu


def main(directory: Path, dtype: str) -> None:
    """Print the machine and the figures."""
    rng = random.Random(0)
    texts = ["".join(rng.choices("abcdefghij ", k=rng.randint(5, 60))) for _ in range(TASKS)]
    population = children(directory, dtype)
    parameters = sum(tensor.numel() for tensor in population[0].values())
    print(
        f"{this_machine()}; load average {os.getloadavg()[0]:.1f}; torch {torch.__version__}, {dtype}, 1 thread"
    )
    print(f"{parameters / 1e6:.2f} M parameters; {CHILDREN} children x {TASKS} tasks, at most 48 new tokens")
    kinds: list[tuple[str, Any]] = [("transformers, rows 32", EngineSettings(rows=32))]
    if importlib.util.find_spec("vllm") is None:
        print("vLLM is not installed here: `make test-vllm` makes .venv-vllm, which has it")
    else:
        kinds += [
            ("vLLM, swaps", VllmSettings()),
            ("vLLM, swaps, canary that probes", VllmSettings(canary="probe")),
        ]
    rates = {}
    for name, settings in kinds:
        engine = open_engine(settings, directory, dtype=dtype)
        answer_all(engine, population[:2], texts)  # imports, start, first shapes
        rates[name] = report(name, answer_all(engine, population, texts), CHILDREN)
        engine.close()
    if len(kinds) > 1:
        engine = open_engine(VllmSettings(swap="restart"), directory, dtype=dtype)
        name = f"vLLM, started per child ({STARTED})"
        rates[name] = report(name, answer_all(engine, population[:STARTED], texts), STARTED)
        engine.close()
        swaps = rates["vLLM, swaps"]
        for what, rival in (("starting per child", name), ("transformers", "transformers, rows 32")):
            wall, cpu = (mine / theirs for mine, theirs in zip(swaps, rates[rival], strict=True))
            print(
                f"vLLM with swaps against {what}: {wall:.2f} times the answers/s, {cpu:.2f} by processor time"
            )


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "tiny"
    place = random_model(asked) if asked in SHAPES else Path(asked)
    main(place, sys.argv[2] if len(sys.argv) > 2 else "float32")
