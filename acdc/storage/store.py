"""The run's directory: what parameters and seeds determine, and nothing else.

A run in progress lives in ``live.sqlite``; every batch is one transaction, so a kill at any moment loses only the
unfinished batch. When a stage ends the store is written with ``VACUUM INTO`` to ``run.sqlite``: one read-only file with
no log beside it, in which equal contents are equal bytes. Every table has an explicit key and no implicit row id, so
the order in which work was done leaves no trace. Times, hosts and attempts belong in ``journal.py``.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from acdc.errors import InputError
from acdc.storage.database import STORE_VERSION, connect, copy_rows, create_tables, readable
from acdc.storage.run_directory import no_run_there


@dataclass(frozen=True, slots=True)
class Cell:
    """One individual's answer to one example of a task, and what became of it.

    ``verdict`` is pass, fail or missing; ``cause`` and ``error`` say whose fault a failure was and of what kind.
    """

    individual: str
    task: str
    example: str
    verdict: str
    score: float | None
    cause: str | None
    error: str | None
    reply: str
    finish: Literal["stop", "length"]
    tokens: int

    @property
    def text(self) -> str:
        """The reply, under the name that a judge of outputs asks for."""
        return self.reply


@dataclass(frozen=True, slots=True)
class Generation:
    """The end of a generation: archive best first, rejected children, and figures about it."""

    generation: int
    archive: tuple[str, ...]
    rejected: tuple[str, ...]
    statistics: dict[str, Any]


class IndividualRow(NamedTuple):
    """An individual: its place in the order of creation, its recipe and its judge's finding as JSON (None: not judged)."""

    created: int
    id: str
    generation: int
    recipe: str
    weights_hash: str
    gibberish: str | None

    @property
    def is_gibberish(self) -> bool:
        """Whether a judge found its outputs unreadable."""
        return self.gibberish is not None and bool(json.loads(self.gibberish)["gibberish"])


class TaskRow(NamedTuple):
    """A task family: the generation in which it was made, and the family as JSON."""

    id: str
    generation: int
    document: str


class PoolRow(NamedTuple):
    """The task pool after a generation evolved it, and what happened since the one before, both as JSON."""

    generation: int
    snapshot: str
    events: str


class RunStore:
    """One run's SQLite store, open for writing (:meth:`create_or_resume`) or for reading (:meth:`read`)."""

    def __init__(
        self, connection: sqlite3.Connection, directory: Path, on_commit: Callable[[], None] | None = None
    ):
        self._db = connection
        self.directory = directory
        self._on_commit = on_commit

    # -- opening ------------------------------------------------------------------------------------------------

    @classmethod
    def create_or_resume(
        cls, directory: Path, settings_hash: str, *, on_commit: Callable[[], None] | None = None
    ) -> "RunStore":
        """Open the run in ``directory`` for writing, or begin it.

        A store of other settings must have been set aside before (:func:`acdc.storage.run_directory.set_aside_if_other`).

        Args:
            directory: The run's directory, locked by the caller.
            settings_hash: Hash of everything that can change a result.
            on_commit: Called after every transaction.

        Raises:
            InputError: The store is damaged.
        """
        directory.mkdir(parents=True, exist_ok=True)
        live, final = directory / "live.sqlite", directory / "run.sqlite"
        if not live.exists() and final.exists():
            copy_rows(final, live)
        store = cls(connect(live), directory, on_commit)
        with readable(live):
            if not store._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                with store.transaction():
                    create_tables(store._db)
                    rows = {"settings_hash": settings_hash, "store_version": str(STORE_VERSION)}
                    store._db.executemany("INSERT INTO meta VALUES (?, ?)", sorted(rows.items()))
        return store

    @classmethod
    def read(cls, directory: Path) -> "RunStore":
        """Open the finished run in ``directory``, immutable: reading leaves no trace on disk.

        Raises:
            InputError: There is no finished run, or it is damaged or of another version.
        """
        path = directory / "run.sqlite"
        if not path.is_file():
            if (directory / "live.sqlite").exists():
                raise InputError(
                    f"{directory}: the run has not finished; run `acdc evolve` again to continue it"
                )
            raise InputError(no_run_there(directory))
        with readable(path):
            db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
            store = cls(db, directory)
            store.check_version()
        return store

    def check_version(self) -> None:
        """Raise InputError if another version of the store wrote this run."""
        version = self.meta("store_version")
        if version != str(STORE_VERSION):
            raise InputError(
                f"{self.directory}: a store of version {version}, this program reads version {STORE_VERSION}; "
                "move the directory away and evolve again"
            )

    def close(self) -> None:
        """Close the connection; nothing that was committed is lost."""
        self._db.close()

    def __enter__(self) -> "RunStore":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is written, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        with contextlib.ExitStack() as unless_complete:
            unless_complete.callback(self._db.execute, "ROLLBACK")
            yield
            unless_complete.pop_all()
        self._db.execute("COMMIT")
        if self._on_commit is not None:
            self._on_commit()

    def finish(self) -> Path:
        """Write the final read-only ``run.sqlite`` and remove the live store. Returns its path."""
        final, staging = self.directory / "run.sqlite", self.directory / "run.sqlite.tmp"
        staging.unlink(missing_ok=True)
        self._db.execute("VACUUM INTO ?", (str(staging),))
        self.close()
        staging.chmod(0o444)
        with staging.open("rb") as file:
            os.fsync(file.fileno())
        staging.replace(final)
        for name in ("live.sqlite", "live.sqlite-journal"):
            (self.directory / name).unlink(missing_ok=True)
        return final

    # -- what is stored -----------------------------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        """A value of the ``meta`` table."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Write a value of the ``meta`` table (inside a transaction)."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def add_individual(self, created: int, id: str, generation: int, recipe: str, weights_hash: str) -> None:
        """Record a birth (inside a transaction)."""
        self._db.execute(
            "INSERT INTO individuals VALUES (?, ?, ?, ?, ?, NULL)",
            (created, id, generation, recipe, weights_hash),
        )

    def set_gibberish(self, id: str, finding: Mapping[str, object]) -> None:
        """Record what the gibberish judge found (inside a transaction)."""
        self._db.execute("UPDATE individuals SET gibberish = ? WHERE id = ?", (dump(finding), id))

    def is_gibberish(self, id: str) -> bool | None:
        """What the judge found about an individual; None where it was not judged."""
        row = self._db.execute("SELECT gibberish FROM individuals WHERE id = ?", (id,)).fetchone()
        return bool(json.loads(row[0])["gibberish"]) if row and row[0] else None

    def individuals(self) -> list[IndividualRow]:
        """All individuals, oldest first."""
        return [IndividualRow(*row) for row in self._db.execute("SELECT * FROM individuals ORDER BY born")]

    def add_tasks(self, tasks: Iterable[tuple[str, int, str]]) -> None:
        """Record task families as (id, generation, JSON document) (inside a transaction)."""
        self._db.executemany("INSERT INTO tasks VALUES (?, ?, ?)", tasks)

    def tasks(self) -> list[TaskRow]:
        """All task families in order of ids."""
        rows = self._db.execute("SELECT id, generation, document FROM tasks ORDER BY id")
        return [TaskRow(*row) for row in rows]

    def put_cells(self, cells: Sequence[Cell]) -> None:
        """Record answers in one transaction; a missing cell may be replaced by a later attempt."""
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [tuple(getattr(cell, name) for name in Cell.__slots__) for cell in cells],
            )

    def cells(self, individual: str | None = None) -> list[Cell]:
        """All cells, or those of one individual, in order of their keys."""
        where, values = ("WHERE individual = ?", (individual,)) if individual is not None else ("", ())
        rows = self._db.execute(f"SELECT * FROM cells {where} ORDER BY individual, task, example", values)
        return [Cell(*row) for row in rows]

    def verdicts(self) -> list[tuple[str, str, str]]:
        """Rows (individual, task, verdict), one for each cell: a big run's cells without their replies."""
        return self._db.execute("SELECT individual, task, verdict FROM cells").fetchall()

    def add_pool(self, generation: int, snapshot: str, events: str, counts: dict[str, int]) -> None:
        """Record the task pool as it is after ``generation`` evolved it, and what happened (inside a transaction)."""
        self._db.execute(
            "INSERT INTO pools VALUES (?, ?, ?, ?)", (generation, snapshot, events, dump(counts))
        )

    def pools(self) -> list[PoolRow]:
        """All pools, oldest first."""
        rows = self._db.execute("SELECT generation, snapshot, events FROM pools ORDER BY generation")
        return [PoolRow(*row) for row in rows]

    def pool_counts(self, generation: int) -> dict[str, int]:
        """Counts of events, by kind, of the evolution at the end of ``generation``; what happened later is not in them."""
        row = self._db.execute("SELECT counts FROM pools WHERE generation = ?", (generation,)).fetchone()
        return dict(json.loads(row[0]))

    def append_pool_events(self, generation: int, snapshot: str, events: Sequence[object]) -> None:
        """Update a pool that changed between two evolutions, and say what happened (inside a transaction)."""
        row = self._db.execute("SELECT events FROM pools WHERE generation = ?", (generation,)).fetchone()
        self._db.execute(
            "UPDATE pools SET snapshot = ?, events = ? WHERE generation = ?",
            (snapshot, dump([*json.loads(row[0]), *events]), generation),
        )

    def add_generation(self, row: Generation) -> None:
        """Record the end of a generation in one transaction."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO generations VALUES (?, ?, ?, ?)",
                (row.generation, dump(row.archive), dump(row.rejected), dump(row.statistics)),
            )

    def generations(self) -> list[Generation]:
        """All finished generations, oldest first."""
        rows = self._db.execute("SELECT * FROM generations ORDER BY generation").fetchall()
        return [
            Generation(n, tuple(json.loads(archive)), tuple(json.loads(rejected)), json.loads(statistics))
            for n, archive, rejected, statistics in rows
        ]


def dump(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
