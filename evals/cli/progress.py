"""One bar for each worker of an evaluation."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def watched(title: str, workers: int) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Shows progress while jobs run; yields what :func:`evals.answering.jobs.run_jobs` calls."""
    from acdc.processes.progress import Board
    from evals.answering.jobs import worker_names

    with Board(title, worker_names(max(1, workers))) as board:
        yield board.update
