"""One process a run directory: the second stops at once and says who holds it."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from acdc.errors import InfrastructureError


@contextlib.contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Hold ``directory`` for this process; the kernel lets go when the process ends, however it ends.

    Raises:
        InfrastructureError: Another process holds it; its pid is named.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a+", encoding="utf-8") as file:
        if not _locked(file):
            file.seek(0)
            pid = file.read().strip() or "unknown"
            raise InfrastructureError(
                f"{directory} is in use by process {pid}. "
                f"Wait until it ends (`acdc status {directory}` shows its progress), or end it with `kill {pid}`."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _locked(file: IO[str]) -> bool:
    """Whether the lock could be had; tried for a moment, because `acdc status` looks at it with a lock of its own."""
    for _ in range(5):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def holder(directory: Path) -> int | None:
    """The process that holds ``directory`` now, or None."""
    path = directory / "lock"
    if not path.is_file():
        return None
    with path.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read().strip() or 0) or None
    return None
