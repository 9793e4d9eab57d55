"""What an evaluation costs beside making the answers: lm-eval as it comes, our benchmark runs, the cache, the resamples.

    .venv/bin/python tests/benchmarks/bench_evaluation.py [MODEL_DIR]

CPU seconds of this process, one thread. MODEL_DIR: a Hugging Face directory such as models/tiny/general.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TQDM_DISABLE"] = "1"

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PAIRS = 20


def seconds(work: Callable[[], object], repeat: int = 3) -> float:
    """The least CPU time of several."""
    times = []
    for _ in range(repeat):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def show(what: str, value: float, unit: str) -> None:
    print(f"{what:<78} {value:10.2f} {unit}")


def judging(engine: Any, benchmark_runs: list[Any]) -> None:
    """lm-eval with templates rendered anew (as it comes), and with our rendered ones."""
    from lm_eval import evaluator

    from evals.answering.answer_cache import Reply
    from evals.answering.benchmark_run import BenchmarkRun, _load

    benchmark_run = benchmark_runs[0]
    plain = _load(benchmark_run.benchmark)
    plain.set_fewshot_seed(0)
    benchmark_run._lm.replies = ["x"] * len(benchmark_run.questions)
    task = {"tasks": {benchmark_run.benchmark.name: plain}}
    naive = seconds(
        lambda: evaluator.evaluate(benchmark_run._lm, task, bootstrap_iters=0, apply_chat_template=True)
    )
    replies = [Reply("x", "stop", 1, 1)] * len(benchmark_run.questions)
    ours = seconds(lambda: benchmark_run.grade(replies))
    show(
        f"lm-eval, one (model, benchmark) of {len(benchmark_run.questions)} questions as it comes",
        1e3 * naive,
        "ms",
    )
    show("the same through our benchmark run", 1e3 * ours, "ms")
    show("  faster by", naive / ours, "times")
    show(
        "making a benchmark ready, once per process",
        1e3 * seconds(lambda: BenchmarkRun(benchmark_run.benchmark, engine.chat, "t")),
        "ms",
    )


def answering(engine: Any, benchmark_runs: list[Any], weights: Any) -> None:
    """Fresh against cached."""
    from evals.answering.answer_cache import AnswerCache
    from evals.answering.harness import Harness, Job, Model
    from evals.settings import EvaluationSettings

    answers = sum(len(benchmark_run.questions) for benchmark_run in benchmark_runs)
    with tempfile.TemporaryDirectory() as folder, AnswerCache(Path(folder) / "answers.sqlite") as cache:
        harness = Harness(engine, benchmark_runs, cache, EvaluationSettings())
        fresh = seconds(lambda: harness.run(Job(Model("m", lambda: weights, "h"))), 1)
        cached = seconds(lambda: harness.run(Job(Model("m", lambda: weights, "h"))))
        drawn = seconds(lambda: harness.run(Job(Model("m", lambda: weights, "h"), 0.7, 4)), 1)
    show(f"a model on {len(benchmark_runs)} benchmarks, {answers} greedy answers, fresh", 1e3 * fresh, "ms")
    show("  answers a second", answers / fresh, "1/s")
    show("  the same from the cache", 1e3 * cached, "ms")
    show("  share that is not making answers", 100 * cached / fresh, "%")
    show("four draws a question: answers a second", 4 * answers / drawn, "1/s")


def intervals() -> None:
    """200 rows with intervals from one set of resamples, and the set alone."""
    from evals.statistics.bootstrap import Resamples

    rng = np.random.default_rng(0)
    rows = [{f"b{i}": rng.random((3, 64)) for i in range(8)} for _ in range(PAIRS)]

    def shared(rows: list[dict[str, np.ndarray]]) -> None:
        made = Resamples({f"b{i}": 64 for i in range(8)}, 3, resamples=10_000, confidence=0.95, seed=0)
        for row in rows:
            made.interval(0.5, made.means(row))

    show("10,000 resamples", seconds(lambda: shared([]), 1), "s")
    show("200 intervals from them", seconds(lambda: shared(rows * 10), 1), "s")


def main() -> None:
    """Measure and print."""
    from acdc.engines import EngineSettings, open_engine
    from acdc.families.family import load_weights
    from evals.answering.benchmark_run import BenchmarkRun
    from evals.benchmarks import registry

    model = Path(sys.argv[1] if len(sys.argv) > 1 else "models/tiny/general")
    engine = open_engine(EngineSettings(), model)
    # Programs are left out: what they cost is the sandbox's time, see bench_sandbox.py.
    names = [name for name in registry.names("tiny") if name != "tiny_programs"]
    benchmark_runs = [
        BenchmarkRun(benchmark, engine.chat, "t")
        for benchmark in registry.find("tiny", names, seed=0, questions=64)
    ]
    judging(engine, benchmark_runs)
    answering(engine, benchmark_runs, load_weights(model))
    intervals()


if __name__ == "__main__":
    main()
