"""Directories of runs: which are finished, which a person may have meant, and old ones that are moved away."""

import contextlib
import itertools
import sqlite3
from pathlib import Path
from typing import NamedTuple

from acdc.errors import InfrastructureError
from acdc.storage.database import STORE_VERSION, connect

DEEP = 3  # runs/<family>/<variant>/seed-<n>: so many levels below runs/
SHOWN = 3


def finished_below(directory: Path, depths: range = range(1, DEEP + 1)) -> list[Path]:
    """Directories of finished runs, so many levels below, by name; hidden ones, which were set aside, are left out."""
    found = [path.parent for depth in depths for path in directory.glob("*/" * depth + "run.sqlite")]
    shown = [
        run for run in found if not any(part.startswith(".") for part in run.relative_to(directory).parts)
    ]
    return sorted(shown, key=lambda run: (run.parent.parts, len(run.name), run.name))  # seed-2 before seed-10


def no_run_there(directory: Path) -> str:
    """What to say of a directory without a run: where finished ones lie, below it or beside it, and what makes one."""
    below = finished_below(directory)
    if below:
        return f"{directory}: no finished run there, but below it: {_listed(below)}; name one of them"
    ancestor, missing = directory.parent, 1
    while not ancestor.is_dir() and missing < DEEP:
        ancestor, missing = ancestor.parent, missing + 1
    siblings = finished_below(ancestor, range(missing, missing + 1))
    if siblings:
        return f"{directory}: no finished run there; there are {_listed(siblings)}; name one of them, or run `acdc evolve` first"
    return f"{directory}: no finished run there; run `acdc evolve` first"


def _listed(runs: list[Path]) -> str:
    more = f" and {len(runs) - SHOWN} more" if len(runs) > SHOWN else ""
    return f"{', '.join(map(str, runs[:SHOWN]))}{more}"


class SetAside(NamedTuple):
    """An old run that was moved away, and why."""

    path: Path
    reason: str


def set_aside_if_other(directory: Path, settings_hash: str, old: Path, asked: str = "") -> SetAside | None:
    """Move a run of other settings, of another version or a damaged one to ``old``; the line to print is the caller's.

    Args:
        directory: The run's directory, locked by the caller.
        settings_hash: Hash of the settings that are wanted now.
        old: Directory for runs that were set aside.
        asked: What the settings ask for now, as the store keeps it: a run that was asked the same is of another version, not of
            other settings.

    Returns:
        Where the old run is now, or None if there was none or it is of the same settings.
    """
    stores = [path for name in ("live.sqlite", "run.sqlite") if (path := directory / name).exists()]
    found = _hash_in(stores[0]) if stores else None
    if not stores or (found and found[:2] == (settings_hash, str(STORE_VERSION))):
        return None
    reason = "damaged" if found is None else "of other settings"
    if found is not None and found[1] != str(STORE_VERSION):
        reason = f"of version {found[1]} of the store, this is version {STORE_VERSION}"
    elif found is not None and found[2] == asked != "":
        reason = "of an earlier version of the method or of other seed models, which answers differently,"
    old.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        target = old / f"{directory.parent.name}-{directory.name}-{number}"
        if not target.exists():
            break
    target.mkdir()
    for path in sorted(directory.iterdir()):
        if path.name != "lock":
            path.replace(target / path.name)
    return SetAside(target, reason)


def is_finished(directory: Path) -> bool:
    """Whether a run in ``directory`` came to an end and none is under way; of which settings is not asked."""
    return (directory / "run.sqlite").is_file() and not (directory / "live.sqlite").exists()


def last_generation(path: Path) -> int:
    """The last finished generation in a store's file; −1 where there is none."""
    with contextlib.closing(connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'generations'").fetchone():
            return -1
        row = db.execute("SELECT MAX(generation) FROM generations").fetchone()
    return -1 if row[0] is None else int(row[0])


def _hash_in(path: Path) -> tuple[str, str, str] | None:
    """Settings hash, version of the store, and what the settings asked for; None where the file is damaged."""
    try:
        with contextlib.closing(connect(path)) as db:
            meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
    except (sqlite3.DatabaseError, InfrastructureError):
        return None
    return meta.get("settings_hash", ""), meta.get("store_version", ""), meta.get("asked", "")
