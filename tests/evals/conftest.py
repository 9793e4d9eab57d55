"""A random tiny model, benchmarks of a few questions, and what is needed to ask them."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.answering.answer_cache import AnswerCache
from evals.answering.harness import Harness, Model
from evals.benchmarks.registry import Benchmark
from evals.settings import EvaluationSettings

DATA = Path(__file__).parent / "data"


def rows(count: int, kind: str = "q") -> list[dict[str, Any]]:
    return [{"id": f"{kind}{i}", "question": f"{kind} {i}", "answer": str(i + 1)} for i in range(count)]


def benchmark(name: str, questions: list[dict[str, Any]]) -> Benchmark:
    return Benchmark(name, DATA / f"{name}.yaml", functools.partial(list, questions))


def engine(model_dir: Path) -> Any:
    from acdc.engines.hf import TransformersEngine

    return TransformersEngine(model_dir, rows=8, widths=(32, 64))


def scaled(model_dir: Path, scale: float) -> dict[str, Any]:
    from acdc.weights.tensors import read_weights

    return {name: tensor * scale for name, tensor in read_weights(model_dir / "model.safetensors").items()}


@pytest.fixture(scope="session")
def tiny_engine(tiny_model_dir: Path) -> Iterator[Any]:
    made = engine(tiny_model_dir)
    yield made
    made.close()


@pytest.fixture
def model(tiny_model_dir: Path) -> Callable[..., Model]:
    """Models that differ from the tiny one by a factor."""

    def make(scale: float = 1.0, name: str = "") -> Model:
        return Model(
            name or f"times {scale}", functools.partial(scaled, tiny_model_dir, scale), f"hash {scale}"
        )

    return make


@pytest.fixture
def benchmark_run(tiny_engine: Any) -> Callable[..., Any]:
    """Benchmarks made ready for the tiny engine."""
    from evals.answering.benchmark_run import BenchmarkRun

    def make(
        name: str = "probe_exact", questions: list[dict[str, Any]] | None = None, budget: int | None = None
    ) -> Any:
        return BenchmarkRun(benchmark(name, questions or rows(10)), tiny_engine.chat, "tiny", budget)

    return make


@pytest.fixture
def harness(
    tiny_engine: Any, benchmark_run: Callable[..., Any], tmp_path: Path
) -> Iterator[Callable[..., Harness]]:
    """A harness on its own cache, with as many probes as asked for."""
    caches = []

    def make(
        cache: str = "answers.sqlite", engine: Any = None, benchmark_runs: Any = None, **settings: Any
    ) -> Harness:
        caches.append(AnswerCache(tmp_path / cache))
        given = {name: settings.pop(name) for name in EvaluationSettings.model_fields.keys() & settings}
        asked = EvaluationSettings(**{"batch": 4, "max_missing": 1.0, **given})
        return Harness(
            engine or tiny_engine, benchmark_runs or [benchmark_run()], caches[-1], asked, **settings
        )

    yield make
    for cache in caches:
        cache.close()
