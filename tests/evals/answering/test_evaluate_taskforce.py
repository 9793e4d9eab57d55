"""Runs evaluated by real models in real processes: the same files however many workers, nothing lost by a kill."""

import functools
import json
import multiprocessing
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acdc.engines import EngineSettings, open_engine
from acdc.errors import InfrastructureError, InputError
from acdc.weights.tensors import read_weights
from evals.answering.evaluate_taskforce import Run, evaluate, jobs_of, read_run, write
from evals.answering.evaluation_workers import known_questions, not_counted
from evals.answering.harness import Job, Model
from evals.answering.jobs import EvaluationWorker, run_jobs, work_through
from evals.benchmarks.registry import Benchmark
from evals.correctness import read, read_samples
from evals.settings import EvaluationSettings

FILES = ("probe_exact/samples.jsonl", "probe_exact/correctness.json")


def open_tiny(model_dir: Path) -> Any:
    return open_engine(EngineSettings(rows=8, widths=(32, 64)), model_dir)


def questions(count: int) -> list[dict[str, Any]]:
    return [{"id": f"q{i}", "question": f"number {i}", "answer": str(i)} for i in range(count)]


@pytest.fixture
def worker(tiny_model_dir: Path, tmp_path: Path) -> Callable[..., EvaluationWorker]:
    def make(cache: str, **settings: Any) -> EvaluationWorker:
        yaml = Path(__file__).parents[1] / "data" / "probe_exact.yaml"
        engine = functools.partial(open_engine, EngineSettings(rows=8, widths=(32, 64)), tiny_model_dir)
        benchmark = Benchmark("probe_exact", yaml, functools.partial(list, questions(12)))
        asked = EvaluationSettings(**{"max_n": 2, "batch": 8, **settings})
        return EvaluationWorker(engine, "tiny", (benchmark,), asked, tmp_path / cache, 12)

    return make


@pytest.fixture
def runs() -> list[Run]:
    hashes = {"general": "h1", "x": "h2", "y": "h3", "z": "h4"}
    first = Run("tiny", "acdc", 0, {"coverage": ("x", "general", "z"), "random": ("x",)}, ("y", "x"), hashes)
    second = Run(
        "tiny", "acdc", 1, {"coverage": ("general",), "random": ("y",)}, ("y",), {**hashes, "y": "h5"}
    )
    return [first, second]


def loader(model_dir: Path, run: Run, id: str) -> Callable[[], Any]:
    scale = {"h1": 1.0, "h2": 1.5, "h3": 2.0, "h5": 2.5}[run.hashes[id]]
    return functools.partial(load_scaled, model_dir, scale)


def load_scaled(model_dir: Path, scale: float) -> Any:
    return {name: tensor * scale for name, tensor in read_weights(model_dir / "model.safetensors").items()}


def test_a_model_of_several_runs_is_one_job_and_members_beyond_the_largest_n_are_none(
    runs: list[Run],
) -> None:
    jobs = jobs_of(runs, EvaluationSettings(max_n=2), lambda run, id: dict)
    assert [(job.model.name, job.model.weights_hash) for job in jobs] == [
        ("x", "h2"),
        ("general", "h1"),
        ("y", "h3"),
        ("y", "h5"),
    ]


def test_of_other_variants_only_the_task_force_by_coverage_is_measured(runs: list[Run]) -> None:
    jobs = jobs_of(runs, EvaluationSettings(max_n=2, thorough=()), lambda run, id: dict)
    assert [job.model.name for job in jobs] == ["x", "general"]


def test_files_of_runs_hold_their_members(
    worker: Callable[..., EvaluationWorker], runs: list[Run], tiny_model_dir: Path, tmp_path: Path
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    summary = evaluate(
        runs,
        functools.partial(loader, tiny_model_dir),
        worker("answers.sqlite"),
        lambda run: tmp_path / f"seed-{run.seed}",
        workers=1,
        on_event=lambda name, event: seen.append((name, event)),
    )
    assert summary.models == 4
    assert summary.counts.answers == 48
    assert seen[-1][1]["done"] == seen[-1][1]["of"] == 48
    matrix = read(tmp_path / "seed-0" / FILES[1])
    assert [answerer.model for answerer in matrix.answerers] == ["x", "general", "y"]
    again = read_samples(tmp_path / "seed-0" / FILES[0])
    assert again.to_json() == matrix.to_json()
    assert [answerer.weights_hash for answerer in read(tmp_path / "seed-1" / FILES[1]).answerers] == [
        "h1",
        "h5",
    ]


@pytest.mark.slow
def test_two_workers_write_the_same_bytes_as_one(
    worker: Callable[..., EvaluationWorker], tiny_model_dir: Path, tmp_path: Path
) -> None:
    weights = functools.partial(read_weights, tiny_model_dir / "model.safetensors")
    jobs = [(0, Job(Model("m", weights, "h"), 0.7, 2, first)) for first in (0, 2, 4)] + [
        (0, Job(Model("m", weights, "h")))
    ]
    for name, workers in (("one", 1), ("two", 2)):
        write(tmp_path / name, run_jobs([worker(f"{name}.sqlite")], jobs, workers=workers))
    for file in FILES:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_too_many_missing_answers_stop_and_write_nothing(
    worker: Callable[..., EvaluationWorker], runs: list[Run], tmp_path: Path, tiny_model_dir: Path
) -> None:
    class Down:
        def __init__(self) -> None:
            self._engine = open_tiny(tiny_model_dir)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._engine, name)

        def generate(self, *arguments: Any) -> Any:
            raise InfrastructureError("endpoint down")

    down = replace(worker("answers.sqlite"), engine=Down)
    with pytest.raises(InfrastructureError, match="48 of 48 answers are missing"):
        evaluate(
            runs, functools.partial(loader, tiny_model_dir), down, lambda run: tmp_path / "out", workers=1
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_kill_loses_the_unfinished_batch_and_nothing_else(
    worker: Callable[..., EvaluationWorker], tiny_model_dir: Path, tmp_path: Path
) -> None:
    weights = functools.partial(read_weights, tiny_model_dir / "model.safetensors")
    job = Job(Model("m", weights, "h"), 0.7, 60)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["evals.answering.preload"])
    killed = context.Process(
        target=work_through, args=([worker("killed.sqlite")], [(0, job)]), kwargs={"report": print}
    )
    killed.start()
    deadline = time.monotonic() + 60
    while answers(tmp_path / "killed.sqlite") < 80 and time.monotonic() < deadline:
        time.sleep(0.005)
    killed.kill()
    killed.join()
    kept = answers(tmp_path / "killed.sqlite")
    assert 80 <= kept < 720
    assert kept % 8 == 0
    for cache in ("killed", "fresh"):
        write(tmp_path / cache, run_jobs([worker(f"{cache}.sqlite")], [(0, job)], workers=1))
    for file in FILES:
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "fresh" / file).read_bytes()


def answers(cache: Path) -> int:
    if not cache.exists():
        return 0
    connection = sqlite3.connect(f"file:{cache}?mode=ro", uri=True, timeout=10)
    try:
        return int(connection.execute("SELECT count(*) FROM answer").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # the table is not there yet
    finally:
        connection.close()


def taskforce(tmp_path: Path, **changes: Any) -> Path:
    document = {
        "family": "tiny",
        "variant": "acdc",
        "seed": 3,
        "candidates": [{"id": "x", "weights_hash": "h1"}],
        "forces": {"coverage": ["x"]},
        "archive": ["x", "late"],
        **changes,
    }
    path = tmp_path / "seed-3.json"
    path.write_text(json.dumps(document))
    return path


def test_a_task_force_file_is_read_with_hashes_of_the_archive(tmp_path: Path) -> None:
    run = read_run(taskforce(tmp_path), {"late": "h9", "x": "h1"})
    assert (run.seed, run.members(8), run.hashes["late"]) == (3, ["x", "late"], "h9")


def test_a_member_that_is_not_known_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="late is not in the run"):
        jobs_of([read_run(taskforce(tmp_path))], EvaluationSettings(), lambda run, id: dict)


@pytest.mark.parametrize("changes", [{"forces": 3}, {"candidates": [{"id": "x"}]}, {"archive": None}])
def test_a_faulty_task_force_file_is_named(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"seed-3\.json: this is not a task force file"):
        read_run(taskforce(tmp_path, **changes))


def test_a_task_force_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="acdc taskforce"):
        read_run(tmp_path / "nothing.json")


def test_a_plan_counts_no_questions_that_only_the_data_of_a_yaml_tells(
    worker: Callable[..., EvaluationWorker],
) -> None:
    here = worker("a.sqlite", questions=7)
    assert known_questions(here) == (12, [])
    assert not_counted([]) == ""
    elsewhere = Benchmark("far", Path("far.yaml"))
    there = replace(here, benchmarks=(*here.benchmarks, elsewhere), questions=12 + 7)
    assert known_questions(there) == (12, ["far"])
    assert "far" in not_counted(["far"])
