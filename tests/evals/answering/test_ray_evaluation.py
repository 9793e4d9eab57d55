"""An evaluation whose engine lives in a worker of a cluster writes the samples of one whose engine is here."""

import functools
from pathlib import Path
from typing import Any

import pytest

from acdc.config.config import load
from acdc.config.evolution import ExecutorSettings
from acdc.engines import EngineSettings, open_engine
from acdc.executors.ray_engine import RayEngine
from acdc.families.family import Family
from acdc.storage.journal import events
from acdc.storage.layout import Layout
from acdc.weights.tensors import read_weights
from evals.answering.evaluate_taskforce import write
from evals.answering.evaluation_workers import make_workers
from evals.answering.harness import Job, Model
from evals.answering.jobs import EvaluationWorker, run_jobs
from evals.benchmarks.registry import Benchmark
from evals.settings import EvaluationSettings
from tests.acdc.executors.misbehaving import Mortal

PARAMS = Path(__file__).parents[3] / "params.yaml"
FILES = ("probe_exact/samples.jsonl", "probe_exact/correctness.json")
EXECUTOR = ExecutorSettings(kind="ray", workers=1, max_restarts=1)


def questions() -> list[dict[str, Any]]:
    return [{"id": f"q{i}", "question": f"number {i}", "answer": str(i)} for i in range(12)]


@pytest.mark.usefixtures("ray_cluster")
def test_samples_are_the_same_here_and_in_a_worker_that_dies_meanwhile(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    here = functools.partial(open_engine, EngineSettings(rows=8, widths=(32, 64)), tiny_model_dir)
    there = functools.partial(RayEngine, EXECUTOR, functools.partial(Mortal, here, tmp_path / "died"))
    benchmark = Benchmark("probe_exact", Path(__file__).parents[1] / "data" / "probe_exact.yaml", questions)
    asked = EvaluationSettings(max_n=2, batch=8)
    weights = functools.partial(read_weights, tiny_model_dir / "model.safetensors")
    jobs = [(0, Job(Model("m", weights, "h"))), (0, Job(Model("m", weights, "h"), 0.7, 2))]
    lines = []
    for name, engine in (("here", here), ("there", there)):
        worker = EvaluationWorker(engine, "tiny", (benchmark,), asked, tmp_path / name / "answers.sqlite", 12)
        told = functools.partial(lambda name, event: lines.append(event.get("line")))
        write(tmp_path / name, run_jobs([worker], jobs, workers=1, on_event=told))
    for file in FILES:
        assert (tmp_path / "here" / file).read_bytes() == (tmp_path / "there" / file).read_bytes()
    assert (tmp_path / "died").exists()
    (line,) = filter(None, lines)
    assert "was lost while it answered" in line
    assert len(events(tmp_path / "there", "worker lost")) == 1


def test_the_settings_say_where_the_engine_is(tiny_model_dir: Path, tmp_path: Path) -> None:
    family = Family("tiny", tiny_model_dir, {"general": tiny_model_dir})
    for kind, made in (("local", open_engine), ("ray", RayEngine)):
        config = load(PARAMS, [f"executor.kind={kind}"])
        (worker,) = make_workers(config, Layout(tmp_path), family, EvaluationSettings(suite="tiny"))
        assert isinstance(worker.engine, functools.partial)
        assert worker.engine.func is made
