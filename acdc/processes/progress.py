"""Progress for people: bars on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Sequence
from typing import Any, Self

from acdc.numbers.digits import in_percent

SECONDS_BETWEEN_LINES = 15.0


class Board:
    """One bar for each piece of work; events carry ``done`` or ``generation``, ``of``, and figures to show.

    Args:
        title: What is going on.
        names: The pieces of work.
    """

    def __init__(self, title: str, names: Sequence[str]) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._title, self._console = title, Console(stderr=True)
        self._began, self._spoke = time.monotonic(), time.monotonic()
        self._latest: dict[str, str] = {}
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._live = self._console.is_terminal
        self._bars = Progress(*columns, console=self._console, disable=not self._live)
        self._tasks = {
            name: self._bars.add_task(f"{title} {name}", total=None, note="starting") for name in names
        }

    def __enter__(self) -> Self:
        if not self._live:
            self._print(f"{self._title}: {', '.join(self._tasks)}")
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()
        if not self._live and exc[0] is None:
            self._print(f"{self._title}: done in {time.monotonic() - self._began:.0f} s")

    def update(self, name: str, event: dict[str, Any]) -> None:
        """Show what ``name`` reported; a ``line`` is printed at once and stays."""
        if "line" in event:
            self._bars.console.print(f"{self._title} {name}: {event['line']}", markup=False, highlight=False)
            return
        done, total = event.get("done", event.get("generation", 0)), event.get("of")
        figures = [
            f"{key.replace('_', ' ')} {in_percent(event[key], 0)}%"
            for key in ("coverage", "best_fitness")
            if key in event
        ]
        note = event.get("note", ", ".join(figures))
        self._bars.update(self._tasks[name], completed=done, total=total, note=note)
        self._latest[name] = f"{name} {done}/{total} {note}".strip()
        if not self._live and time.monotonic() - self._spoke > SECONDS_BETWEEN_LINES:
            self._spoke = time.monotonic()
            self._print(f"{self._title}: {'; '.join(self._latest.values())}")

    def _print(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
