"""The SQLite file of a store: its tables, and how it is opened."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from acdc.errors import InputError

STORE_VERSION = 1
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE individuals (
    born INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL, recipe TEXT NOT NULL,
    weights_hash TEXT NOT NULL, gibberish TEXT);
CREATE TABLE tasks (id TEXT PRIMARY KEY, generation INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cells (
    individual TEXT NOT NULL, task TEXT NOT NULL, example TEXT NOT NULL, verdict TEXT NOT NULL, score REAL,
    cause TEXT, error TEXT, reply TEXT NOT NULL, finish TEXT NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY (individual, task, example)) WITHOUT ROWID;
CREATE TABLE pools (
    generation INTEGER PRIMARY KEY, snapshot TEXT NOT NULL, events TEXT NOT NULL, counts TEXT NOT NULL);
CREATE TABLE generations (
    generation INTEGER PRIMARY KEY, archive TEXT NOT NULL, rejected TEXT NOT NULL, statistics TEXT NOT NULL);
"""


def create_tables(db: sqlite3.Connection) -> None:
    """Make the empty tables of a store."""
    for statement in _SCHEMA.split(";"):
        db.execute(statement)


def copy_rows(final: Path, live: Path) -> None:
    """A live store with the rows of a final one; not a copy of the file, which remembers how often it was vacuumed."""
    staging = live.with_suffix(".tmp")
    staging.unlink(missing_ok=True)
    with readable(final), contextlib.closing(connect(staging)) as db:
        create_tables(db)
        db.execute("ATTACH ? AS final", (f"{final.resolve().as_uri()}?mode=ro&immutable=1",))
        for (table,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            db.execute(f"INSERT INTO main.{table} SELECT * FROM final.{table}")
    staging.replace(live)


def connect(path: Path) -> sqlite3.Connection:
    """Open a store's file: a finished one immutable, any other for writing."""
    if path.name == "run.sqlite":
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    # A rollback journal, not a write-ahead log: there is one writer, and readers must leave nothing behind.
    db = sqlite3.connect(path.resolve().as_uri(), isolation_level=None, timeout=30, uri=True)
    db.execute("PRAGMA journal_mode = DELETE")
    db.execute("PRAGMA synchronous = NORMAL")
    return db


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a damaged file into an InputError that names it."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
            raise
        raise InputError(
            f"{path}: damaged ({error}); move it away and evolve again; the same settings give the same run"
        ) from None
