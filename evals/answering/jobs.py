"""Jobs on all cores: what a worker process needs, and what it returns.

A worker opens an engine and makes the benchmarks ready once, then takes one job after another; what is answered goes
straight into the answer cache, what is returned is ready to be written.
"""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.engines.engine import Engine
from acdc.executors.ray_engine import RayEngine
from acdc.processes.pool import Work, run_all
from acdc.storage.journal import Journal
from evals.answering.answer_cache import AnswerCache
from evals.answering.harness import Harness, Job
from evals.benchmarks.registry import Benchmark
from evals.correctness import Correctness, from_samples
from evals.settings import EvaluationSettings

if TYPE_CHECKING:
    from acdc.chat.settings import JudgeSettings
    from acdc.sandbox import Sandbox


@dataclass(frozen=True)
class EvaluationWorker:
    """What a worker needs to answer: everything picklable, nothing heavy until it is opened.

    Attributes:
        engine: Makes the engine, here or in a worker of a Ray cluster; models of another shape need an evaluation worker of their
            own.
        template: Fingerprint of its chat template.
        benchmarks: What is asked.
        settings: How it is asked.
        cache: The answer cache.
        questions: How many answers a greedy job makes here, roughly; for plans and progress.
        cost: Time of an answer here relative to other evaluation workers.
        sandbox: Opens the sandbox, a context manager; None where no benchmark has programs as answers.
        limits: Its limits, as text.
        judge: The judge of open answers; None where no benchmark has such.
    """

    engine: Callable[[], Engine]
    template: str
    benchmarks: tuple[Benchmark, ...]
    settings: EvaluationSettings
    cache: Path
    questions: int = 0
    cost: float = 1.0
    sandbox: "Callable[[], contextlib.AbstractContextManager[Sandbox]] | None" = None
    limits: str = ""
    judge: "JudgeSettings | None" = None


@dataclass(frozen=True)
class Result:
    """A finished job.

    Attributes:
        lines: For each benchmark its samples as JSON lines.
        correctness: For each benchmark their matrix.
        prompts: For each benchmark what its prompts are in tokens (:mod:`evals.answering.prompt_tokens`).
    """

    lines: dict[str, bytes] = field(repr=False)
    correctness: dict[str, Correctness]
    prompts: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)


@contextlib.contextmanager
def opened(
    evaluation_worker: EvaluationWorker, report: Callable[..., None] = lambda **_: None
) -> Iterator[Harness]:
    """The harness of an evaluation worker, in this process; ``report`` gets a ``line`` for each worker that is lost."""
    from evals.answering.group_benchmark_run import open_benchmark_run
    from evals.answering.judged_answers import opened_judge

    settings = evaluation_worker.settings
    with contextlib.ExitStack() as stack:
        cache = stack.enter_context(AnswerCache(evaluation_worker.cache))
        engine = evaluation_worker.engine()
        stack.callback(engine.close)
        if isinstance(engine, RayEngine):
            engine.tell(functools.partial(_note_loss, evaluation_worker.cache.parent, report))
        benchmark_runs = [
            open_benchmark_run(benchmark, engine.chat, evaluation_worker.template, settings.max_new_tokens)
            for benchmark in evaluation_worker.benchmarks
        ]
        box = None
        if evaluation_worker.sandbox is not None and any(
            benchmark_run.scored_by == "sandbox" for benchmark_run in benchmark_runs
        ):
            box = stack.enter_context(evaluation_worker.sandbox())
        judge = None
        if evaluation_worker.judge is not None and any(
            benchmark_run.scored_by == "judge" for benchmark_run in benchmark_runs
        ):
            judge = stack.enter_context(opened_judge(evaluation_worker.judge))
        yield Harness(
            engine,
            benchmark_runs,
            cache,
            settings,
            box=box,
            limits=evaluation_worker.limits,
            judge=judge,
        )


def run_jobs(
    evaluation_workers: Sequence[EvaluationWorker],
    jobs: Sequence[tuple[int, Job]],
    *,
    workers: int,
    on_event: Callable[[str, dict[str, Any]], None] = lambda name, event: None,
) -> list[Result]:
    """All jobs' results, in the order of the jobs.

    Args:
        evaluation_workers: Where jobs can be done.
        jobs: For each the index of its evaluation worker, and the job.
        workers: Processes; 1 works in this one.
        on_event: Called with a worker's name (:func:`worker_names`) and `done`, `of`: its answers so far and in all.

    Raises:
        InfrastructureError: A worker died; finished batches of answers are kept.
    """
    shares = _shares(evaluation_workers, jobs, workers)
    if len(shares) == 1:
        return work_through(
            evaluation_workers, jobs, report=functools.partial(_named, on_event, worker_names(1)[0])
        )
    work = [
        Work(name, work_through, (tuple(evaluation_workers), [jobs[index] for index in share]))
        for name, share in zip(worker_names(len(shares)), shares, strict=True)
    ]
    done = run_all(work, workers=len(work), on_event=on_event, preload=("evals.answering.preload",))
    results = {
        index: result
        for name, share in zip(worker_names(len(shares)), shares, strict=True)
        for index, result in zip(share, done[name], strict=True)
    }
    return [results[index] for index in range(len(jobs))]


def worker_names(workers: int) -> list[str]:
    """What the workers are called in events."""
    return [f"worker {number}" for number in range(1, workers + 1)]


def work_through(
    evaluation_workers: Sequence[EvaluationWorker],
    jobs: Sequence[tuple[int, Job]],
    *,
    report: Callable[..., None],
) -> list[Result]:
    """Results of one worker's share, in order; in this process."""
    total = sum(_answers(evaluation_workers, *job) for job in jobs)
    done = 0
    results = []
    with _Bench(evaluation_workers, report) as bench:
        for job in jobs:
            results.append(bench.run(*job))
            done += _answers(evaluation_workers, *job)
            report(done=done, of=total, note=job[1].model.name)
    return results


def _shares(
    evaluation_workers: Sequence[EvaluationWorker], jobs: Sequence[tuple[int, Job]], workers: int
) -> list[list[int]]:
    """Indices of each worker's jobs: the longest first, each to the worker with least, then in the order of the jobs."""
    costs = [_answers(evaluation_workers, *job) * evaluation_workers[job[0]].cost for job in jobs]
    loads = [0.0] * max(1, min(workers, len(jobs)))
    shares: list[list[int]] = [[] for _ in loads]
    for index in sorted(range(len(jobs)), key=lambda index: -costs[index]):
        least = loads.index(min(loads))
        loads[least] += costs[index]
        shares[least].append(index)
    return [sorted(share) for share in shares]


def _answers(evaluation_workers: Sequence[EvaluationWorker], number: int, job: Job) -> int:
    return job.draws * evaluation_workers[number].questions


def _named(on_event: Callable[[str, dict[str, Any]], None], name: str, **event: Any) -> None:
    on_event(name, event)


def _note_loss(directory: Path, report: Callable[..., None], kind: str, line: str, **detail: Any) -> None:
    """Say at once what befell a worker of a cluster, and keep it in the project's journal."""
    report(line=line)
    with contextlib.closing(Journal(directory)) as journal:
        journal.note(kind, **detail)


class _Bench:
    """One evaluation worker at a time, opened when a job for it comes: two engines may not have room side by side on one device."""

    def __init__(self, evaluation_workers: Sequence[EvaluationWorker], report: Callable[..., None]) -> None:
        self._evaluation_workers, self._report = evaluation_workers, report
        self._stack = contextlib.ExitStack()
        self._open: tuple[int, Harness] | None = None

    def __enter__(self) -> "_Bench":
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def run(self, number: int, job: Job) -> Result:
        if self._open is None or self._open[0] != number:
            self._stack.close()
            self._open = (
                number,
                self._stack.enter_context(opened(self._evaluation_workers[number], self._report)),
            )
        harness = self._open[1]
        samples = harness.run(job)
        for benchmark, records in samples.items():
            for record in records:
                record["benchmark"] = benchmark
        return Result(
            {benchmark: _lines(records) for benchmark, records in samples.items()},
            {benchmark: from_samples(records, job.model.name) for benchmark, records in samples.items()},
            {benchmark: tokens.facts for benchmark, tokens in harness.prompts.items()},
        )


def _lines(records: Sequence[dict[str, Any]]) -> bytes:
    from lm_eval.utils import handle_non_serializable

    return b"".join(
        json.dumps(record, default=handle_non_serializable).encode() + b"\n" for record in records
    )
