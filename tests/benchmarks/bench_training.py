"""Where the time of training the tiny family goes: the ragged batch and the batched Muon against the usual ways.

Run as `python tests/benchmarks/bench_training.py`. Every ratio compares two ways of the same work in this run, one
thread, medians of CPU time; a ratio above 1 says that ours is faster.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from acdc.tiny.muon import Muon
from acdc.tiny.questions import training_stream
from acdc.tiny.settings import Shape, TinySettings
from acdc.tiny.skills import DOMAINS, Item
from acdc.tiny.tokenizer import PAD, encode_turn
from acdc.tiny.training import turns
from acdc.tiny.transformer import initial, logits, write_config

REPEATS = 7


def median(work: Callable[[], object]) -> float:
    """Median CPU milliseconds after one warm-up."""
    work()
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return 1000 * statistics.median(times)


def hugging_face_step(shape: Shape, items: list[Item]) -> Callable[[], None]:
    """Forward and backward of the padded batch through transformers."""
    import json
    import tempfile

    from transformers import LlamaConfig, LlamaForCausalLM

    with tempfile.TemporaryDirectory() as folder:
        write_config(shape, Path(folder))
        config = json.loads((Path(folder) / "config.json").read_text())
    model = LlamaForCausalLM(LlamaConfig(**config))
    encoded = [encode_turn(item.phrase, item.reply) for item in items]
    width = max(len(question) + len(answer) for question, answer in encoded)
    tokens = torch.full((len(items), width), PAD)
    labels = torch.full((len(items), width), -100)
    for row, (question, answer) in enumerate(encoded):
        tokens[row, : len(question) + len(answer)] = torch.tensor(question + answer)
        labels[row, len(question) : len(question) + len(answer)] = torch.tensor(answer)

    def step() -> None:
        model.zero_grad()
        model(input_ids=tokens, labels=labels).loss.backward()

    return step


def compare(name: str, shape: Shape, items: list[Item]) -> None:
    """Print the rows of one model size."""
    weights = {k: w.requires_grad_() for k, w in initial(shape, torch.Generator().manual_seed(0)).items()}
    batch, targets = turns(items)

    def step() -> None:
        for weight in weights.values():
            weight.grad = None
        cross_entropy(logits(weights, shape, batch), targets).backward()

    ours, theirs = median(step), median(hugging_face_step(shape, items))
    print(
        f"{name}: forward and backward {ours:.1f} ms, transformers padded {theirs:.1f} ms, ratio {theirs / ours:.2f}"
    )
    step()
    matrices = [weight for k, weight in weights.items() if weight.ndim == 2 and "embed" not in k]
    batched, library = Muon(matrices), torch.optim.Muon(matrices, lr=1e-9)
    ours, theirs = median(lambda: batched.step(1e-9)), median(library.step)
    print(f"{name}: Muon step {ours:.1f} ms, torch.optim.Muon {theirs:.1f} ms, ratio {theirs / ours:.2f}")


def main() -> None:
    """Print the table."""
    settings = TinySettings()
    rng = np.random.default_rng(0)
    stream = training_stream(rng, DOMAINS, settings.skill_shares, settings.chain_share)
    items = list(islice(stream, settings.batch))
    print(f"torch {torch.__version__}, one thread, batch {settings.batch}")
    print(
        f"drawing and laying out a batch: {median(lambda: turns(list(islice(stream, settings.batch)))):.1f} ms"
    )
    for name, shape in (("small", settings.shape), ("big", settings.big_shape)):
        compare(name, shape, items)
    lengths = [
        len(question) + len(answer) for question, answer in (encode_turn(i.phrase, i.reply) for i in items)
    ]
    print(f"tokens in the batch {sum(lengths)}, with padding {max(lengths) * len(lengths)}")


if __name__ == "__main__":
    main()
