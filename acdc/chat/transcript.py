"""Every call of a run with its reply, kept on arrival, exported as JSON lines, and replayed without an endpoint.

In a run's directory it is ``transcript.sqlite``: one row a call, keyed by the hash of the request, each written in a transaction
of its own, so that a run killed at any moment has paid for no reply twice. Exported lines are sorted by role and label, so the
same run gives the same file whatever arrived first. Times, attempts and prices are in the journal.

A line is ``{"hash", "role", "label", "request": {...}, "reply": {...}}``; the first line says what the calls were made with.
"""

import contextlib
import difflib
import heapq
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from acdc.chat.call import Call, Reply, spent_on
from acdc.errors import InputError

NAME = "transcript.sqlite"
_LINE = ("hash", "role", "label", "request", "reply")
VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS head (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (
    hash TEXT PRIMARY KEY, role TEXT NOT NULL, label TEXT NOT NULL, request TEXT NOT NULL, reply TEXT NOT NULL) WITHOUT ROWID;
"""


class Keeper(Protocol):
    """Where a client keeps replies on arrival."""

    def reply(self, call: Call) -> Reply | None:
        """The reply that an equal call got, or None."""
        ...

    def keep(self, call: Call, reply: Reply) -> None:
        """Keep a call's reply, at once."""
        ...

    def spent(self, role: str) -> tuple[int, int]:
        """Tokens of prompts and of replies so far."""
        ...


class Transcript:
    """The transcript of a run that is at work.

    Args:
        directory: The run's directory, locked by the caller.
        made_with: What the calls are made with, by role: the identities of the endpoints' settings.
    """

    def __init__(self, directory: Path, made_with: Mapping[str, Any]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / NAME
        self._db = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        with self._told():
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR REPLACE INTO head VALUES ('made_with', ?)", (_dump(made_with),))

    def reply(self, call: Call) -> Reply | None:
        """The reply that an equal call got, or None."""
        with self._told():
            row = self._db.execute("SELECT reply FROM calls WHERE hash = ?", (call.hash,)).fetchone()
        return None if row is None else Reply.from_json(json.loads(row[0]))

    def keep(self, call: Call, reply: Reply) -> None:
        """Write a call and its reply, at once."""
        with self._told():
            self._db.execute(
                "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?)",
                (call.hash, call.role, call.label, _dump(call.request), _dump(asdict(reply))),
            )

    def spent(self, role: str) -> tuple[int, int]:
        """Tokens of prompts and of replies so far."""
        with self._told():
            rows = self._db.execute(
                "SELECT label, request, reply FROM calls WHERE role = ?", (role,)
            ).fetchall()
        spent = [
            spent_on(Call(label=label, **json.loads(request)), Reply.from_json(json.loads(reply)))
            for label, request, reply in rows
        ]
        return sum(one[0] for one in spent), sum(one[1] for one in spent)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            raise InputError(
                f"{self._path}: damaged ({error}); move it away and run again: the calls that it held are made again"
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file's content is at fault; a full disk, a lock or a mistake of ours is no reason to throw paid replies away."""
    code = getattr(error, "sqlite_errorcode", 0)  # errors of the module itself have none
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Replay:
    """A transcript's file, for answering in place of an endpoint.

    Args:
        path: JSON lines as :func:`lines` writes them.

    Raises:
        InputError: The file is missing or no transcript.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made_with = made_with(path)
        self._lines: dict[str, dict[str, Any]] = {line["hash"]: line for line in _calls(path)}

    def reply(self, call: Call) -> Reply:
        """The reply to a call.

        Raises:
            InputError: The transcript lacks it; the message shows how the call differs from the one it has in its place.
        """
        if call.hash in self._lines:
            return Reply.from_json(self._lines[call.hash]["reply"])
        alike = [v for v in self._lines.values() if (v["role"], v["label"]) == (call.role, call.label)]
        if alike:
            raise InputError(
                f"{self.path} has another call {call.role} {call.label} than the one that is asked:\n{_difference(alike[0], call)}\n"
                "The settings, the prompts or the earlier replies differ from those of the transcript."
            )
        missing = (
            f"{self.path} has no call {call.role} {call.label}: the transcript is of a shorter run, of another run seed, of other "
            "settings, or replies in it were changed"
        )
        same = [line for line in self._lines.values() if line["role"] == call.role]
        if not same:
            raise InputError(f"{missing}; the transcript has no call of the {call.role}")
        asked = set(_readable(call.request))
        near = max(same, key=lambda line: len(asked.intersection(_readable(line["request"]))))
        raise InputError(f"{missing}. The nearest that it has is {near['label']}:\n{_difference(near, call)}")


def _difference(line: Mapping[str, Any], call: Call) -> str:
    """How a call differs from one of a transcript, the first lines of it."""
    difference = difflib.unified_diff(
        _readable(line["request"]), _readable(call.request), "transcript", "asked", lineterm="", n=1
    )
    return "\n".join(list(difference)[:40])


def _calls(path: Path) -> list[dict[str, Any]]:
    """The lines of a transcript's file after its first.

    Raises:
        InputError: One of them is none.
    """
    found: dict[str, dict[str, Any]] = {}
    with path.open(encoding="utf-8-sig") as file:
        next(file)
        for number, line in enumerate(file, start=2):
            if not line.strip():
                continue
            try:
                call = _call_of(line)
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                raise InputError(
                    f"{path}, line {number}: this is not a call of a transcript ({error})"
                ) from None
            if found.setdefault(call["hash"], call)["reply"] != call["reply"]:
                raise InputError(
                    f"{path}, line {number}: an earlier line already has a reply to {call['role']} {call['label']}"
                )
    return list(found.values())


def _call_of(line: str) -> dict[str, Any]:
    """A line that is what it says it is; ValueError, KeyError or TypeError where it is not."""
    value = json.loads(line)
    call = {name: value[name] for name in _LINE}
    texts = (call["hash"], call["role"], call["label"], call["reply"]["text"], call["reply"]["model"])
    if not all(isinstance(one, str) for one in texts):
        raise ValueError("hash, role, label, text and model must be texts")
    Reply.from_json(call["reply"])
    if Call(label=call["label"], **call["request"]).hash != call["hash"]:
        raise ValueError("its hash is not that of its request: it was changed after the call")
    return call


def made_with(path: Path) -> dict[str, object]:
    """What the calls of a transcript's file were made with, by role.

    Raises:
        InputError: The file is missing or no transcript.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            head = json.loads(file.readline())
        if head["transcript"] != VERSION:
            raise InputError(
                f"{path}: a transcript of version {head['transcript']}; this program reads {VERSION}"
            )
        made = head["made_with"]
        return {str(role): dict(settings.items()) for role, settings in made.items()}
    except OSError as error:
        raise InputError(f"{path}: the transcript cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(
            f"{path}: no transcript; `acdc transcript RUN --to {path.name}` writes one"
        ) from None


def lines(directory: Path, more: Path | None = None) -> Iterator[str]:
    """The transcript of a run as JSON lines, without line ends.

    Args:
        directory: The run's directory; the run may be at work.
        more: A transcript's file with further calls of the run; those that the run has, too, are left out.

    Raises:
        InputError: There is none.
    """
    path = directory / NAME
    if not path.is_file():
        raise InputError(
            f"{directory}: the run has no transcript; a run has one only if its scientist or a judge is a language model"
        )
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        head = db.execute("SELECT value FROM head WHERE key = 'made_with'").fetchone()
        if head is None:
            raise InputError(f"{path}: damaged (the line with models and sampling settings is missing)")
        yield _dump({"transcript": VERSION, "made_with": json.loads(head[0])})
        rows = db.execute("SELECT hash, role, label, request, reply FROM calls ORDER BY role, label, hash")
        calls = (
            dict(zip(_LINE, (*row[:3], json.loads(row[3]), json.loads(row[4])), strict=True)) for row in rows
        )
        known = {row[0] for row in db.execute("SELECT hash FROM calls")} if more else set()
        added = [] if more is None else [line for line in _calls(more) if line["hash"] not in known]
        for line in heapq.merge(
            calls, added, key=lambda one: [one[name] for name in ("role", "label", "hash")]
        ):
            yield _dump(line)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error) and "no such table" not in str(error):
            raise
        raise InputError(f"{path}: damaged ({error})") from None
    finally:
        db.close()


def _dump(value: object) -> str:
    # Replies may hold half of a surrogate pair, which only escapes can carry.
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _readable(request: Mapping[str, Any]) -> list[str]:
    """A request with its messages line by line."""
    return [
        f"{name}: {line}"
        for name, value in sorted(request.items())
        for line in (str(value).splitlines() or [""])
    ]
