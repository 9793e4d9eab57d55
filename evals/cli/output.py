"""What several commands share: their answer as text or JSON, and the workers that answer benchmarks."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from acdc.config.config import Config
    from evals.answering.jobs import EvaluationWorker


class AtWork(NamedTuple):
    """Workers that take jobs.

    Attributes:
        config: The settings, with the cluster that was started for them.
        workers: How many work at once.
        on_event: What :func:`evals.answering.jobs.run_jobs` calls.
    """

    config: "Config"
    workers: int
    on_event: Callable[[str, dict[str, Any]], None]


@contextlib.contextmanager
def at_work(config: "Config", place: "EvaluationWorker", title: str, jobs: int) -> Iterator[AtWork]:
    """Check the judge and the answer cache, find the workers, and show a bar for each while jobs run.

    Raises:
        InfrastructureError: The judge is out of reach, or the cluster is.
    """
    from acdc.executors import hosted
    from acdc.processes.pool import cores
    from acdc.processes.progress import Board
    from evals.answering.answer_cache import set_aside_if_damaged
    from evals.answering.jobs import worker_names
    from evals.answering.judged_answers import require_served_judge

    require_served_judge(place.judge)
    set_aside_if_damaged(place.cache, _warn)
    with hosted(config, _warn) as here:
        workers = here.executor.workers or cores()
        with Board(title, worker_names(max(1, min(workers, jobs)))) as board:
            yield AtWork(here, workers, board.update)


def say(document: object, text: str, *, as_json: bool) -> None:
    """Print what a command found: the document as JSON, or the text."""
    typer.echo(json.dumps(document, indent=2) if as_json else text)


def _warn(line: str) -> None:
    typer.echo(line, err=True)
