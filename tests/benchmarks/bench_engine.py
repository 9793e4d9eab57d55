"""Generated tokens per second of the transformers engine, and what fixed shapes and weight swaps cost.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/bench_engine.py [model directory]
Without a directory: a random Llama of the tiny family's shape (0.23 M parameters). All figures are of this one run.
The rival is `model.generate` of transformers on the same prompts in one left-padded batch, which is as large as it gets
and whose answers depend on their company.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from acdc.engines.engine import Request, Sampling
from acdc.engines.hf import TransformersEngine

NEW = 32


def seconds(work: Callable[[], object], repetitions: int = 3) -> float:
    """The fastest of a few runs, after one that warms up."""
    work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def random_model() -> Path:
    """A random model of the tiny family's shape, by the tests' own maker."""
    import importlib.util

    source = Path(__file__).parents[1] / "conftest.py"
    spec = importlib.util.spec_from_file_location("models_for_tests", source)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(source)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    directory = Path(tempfile.mkdtemp()) / "model"
    made: Path = maker._save_tiny_model(
        directory, hidden_size=96, intermediate_size=256, initializer_range=0.05
    )
    return made


def main(directory: Path) -> None:
    """Print the machine and the figures."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")
    rng = random.Random(0)
    texts = ["".join(rng.choices("abcdefghij ", k=rng.randint(5, 60))) for _ in range(256)]
    print(
        f"{name}, {torch.__version__}, 1 thread, {len(texts)} prompts of 5-60 letters, {NEW} new tokens each"
    )
    for rows in (16, 64, 256):
        engine = TransformersEngine(directory, rows=rows)
        engine._end_tokens = torch.tensor([], dtype=torch.long)  # all answers run to the budget
        requests = [Request(engine.chat(text), index) for index, text in enumerate(texts)]
        for sampling in (Sampling(max_new_tokens=NEW), Sampling(temperature=0.7, max_new_tokens=NEW)):
            taken = seconds(lambda e=engine, s=sampling, r=requests: e.generate(r, s))  # type: ignore[misc]
            kind = "greedy" if sampling.temperature == 0 else "sampled"
            print(f"rows {rows:4}  {kind:8} {len(texts) * NEW / taken:9.0f} tokens/s")
    theirs = seconds(lambda: rival(engine, [request.prompt for request in requests]))
    print(f"model.generate, one batch of {len(texts)}: {len(texts) * NEW / theirs:9.0f} tokens/s")
    weights = {name: tensor.clone() for name, tensor in engine.model.state_dict().items()}
    print(f"loading other weights: {1000 * seconds(lambda: engine.load(weights, 'same')):.2f} ms")


def rival(engine: TransformersEngine, prompts: list[str]) -> object:
    """The same prompts through transformers' own generation."""
    ids = [engine.prompts.encode(prompt) for prompt in prompts]
    width = max(map(len, ids))
    tokens = torch.tensor([[0] * (width - len(row)) + row for row in ids])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in ids])
    return engine.model.generate(
        tokens, attention_mask=mask, do_sample=False, min_new_tokens=NEW, max_new_tokens=NEW, pad_token_id=0
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else random_model())
