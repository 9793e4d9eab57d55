"""Runs training jobs in processes of one thread each, a child model as soon as its parent is finished.

A worker imports torch once and trains whatever it is handed. It ignores Ctrl-C, which a terminal sends to everybody:
the parent process decides, ends the workers, and what was finished stays. A worker whose parent process is gone ends
at its next word.
"""

import multiprocessing
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.errors import InfrastructureError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from acdc.tiny.training import Job

Progress = Callable[[str, int, int], None]
"""Called with a model's name, the steps done and the steps in all."""

Result = tuple[dict[str, Any], float]


@dataclass
class _Worker:
    process: "SpawnProcess"
    pipe: "Connection[Any, Any]"
    job: "Job | None" = None


def _serve(pipe: "Connection[Any, Any]", out: Path) -> None:
    """Body of a worker: jobs in, ("steps", n) and ("done", result) out, until None comes or the pipe closes."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    from acdc.tiny import training

    torch.set_num_threads(1)
    with suppress(EOFError, BrokenPipeError):
        while (job := pipe.recv()) is not None:
            pipe.send(("done", training.run(job, out, lambda steps: pipe.send(("steps", steps)))))


def run_jobs(
    jobs: Mapping[str, "Job"], out: Path, workers: int, progress: Progress | None = None
) -> dict[str, Result]:
    """Trains all jobs in `workers` processes; those whose parent is not among the jobs find it in `out`.

    Raises:
        InfrastructureError: A worker died. Finished models are kept.
    """
    waiting, results = dict(jobs), dict[str, Result]()
    context = multiprocessing.get_context("spawn")
    team: list[_Worker] = []
    try:
        for _ in range(min(workers, len(jobs))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, out), daemon=True)
            process.start()
            theirs.close()
            team.append(_Worker(process, ours))
        while len(results) < len(jobs):
            for worker in team:
                ready = (job for job in waiting.values() if job.parent not in jobs or job.parent in results)
                if worker.job is None and (job := next(ready, None)) is not None:
                    worker.job = waiting.pop(job.name)
                    worker.pipe.send(job)
            _listen([worker for worker in team if worker.job], results, progress)
        for worker in team:
            worker.pipe.send(None)
            worker.process.join()
    finally:
        for worker in team:
            worker.process.terminate()
            worker.process.join()
            worker.pipe.close()
    return results


def _listen(busy: list[_Worker], results: dict[str, Result], progress: Progress | None) -> None:
    """Waits for the next words of the busy workers and takes them in."""
    heard = wait([worker.pipe for worker in busy])
    for worker in busy:
        if worker.pipe not in heard or worker.job is None:
            continue
        try:
            word, content = worker.pipe.recv()
        except EOFError:
            worker.process.join()
            raise InfrastructureError(
                f"the process that trained the tiny model {worker.job.name!r} died"
                f" (exit {worker.process.exitcode}; memory?); models already finished are kept, start again to go on"
            ) from None
        if word == "steps" and progress:
            progress(worker.job.name, content, worker.job.steps)
        elif word == "done":
            results[worker.job.name] = content
            worker.job = None
