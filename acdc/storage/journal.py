"""What happened when: times, tokens, hosts and attempts of a run. Never read by anything that computes a result."""

import json
import os
import platform
import sqlite3
import time
from pathlib import Path
from typing import Any, NamedTuple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, process INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL)
"""


class Journal:
    """Append-only events in ``journal.sqlite`` beside the store, outside every hash."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(directory / "journal.sqlite", isolation_level=None, timeout=30)
        self._db.execute("PRAGMA synchronous = OFF")  # losing the last seconds of a diary is no loss
        self._db.execute(_SCHEMA)

    def note(self, kind: str, **detail: Any) -> None:
        """Write an event with the present time (UTC seconds)."""
        self._db.execute(
            "INSERT INTO events (at, process, kind, detail) VALUES (?, ?, ?, ?)",
            (time.time(), os.getpid(), kind, json.dumps(detail, sort_keys=True)),
        )

    def begin(self, **detail: Any) -> None:
        """Note that a process takes up the run, and on what machine."""
        self.note(
            "begin",
            host=platform.node(),
            machine=platform.machine(),
            python=platform.python_version(),
            **detail,
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class JournalEvent(NamedTuple):
    """Something that happened: seconds since 1970, the process, what kind, and details of that kind."""

    at: float
    process: int
    kind: str
    detail: dict[str, Any]


def events(directory: Path, kind: str | None = None) -> list[JournalEvent]:
    """Events of a run, oldest first, of one kind or of all; empty where there is no journal."""
    path = directory / "journal.sqlite"
    if not path.is_file():
        return []
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        rows = db.execute("SELECT at, process, kind, detail FROM events ORDER BY number").fetchall()
    except sqlite3.DatabaseError:
        return []  # a diary that cannot be read is not worth stopping for
    finally:
        db.close()
    return [
        JournalEvent(at, pid, name, json.loads(detail))
        for at, pid, name, detail in rows
        if kind in (None, name)
    ]


def stage_seconds(directory: Path) -> dict[str, float]:
    """Seconds by the clock that each stage took when it last did something, all attempts together, in order of time.

    Args:
        directory: Of the project's journal.

    Returns:
        By the words of the command ("evolve tiny acdc").
    """
    found: dict[str, float] = {}
    attempts: dict[str, float] = {}
    for _, _, _, detail in events(directory, "stage"):
        command = detail["command"]
        attempts[command] = attempts.get(command, 0.0) + float(detail["seconds"])
        if detail["code"] == 0:
            found.pop(command, None)
            found[command] = attempts.pop(command)
    return found
