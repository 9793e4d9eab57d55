"""The answer cache: every answer once made, by content, and every verdict of the sandbox on one.

The key is a hash of (engine version, weights hash, prompt, sampling, random stream); no name of a model takes part, so two
models never share an answer because they share a name. One SQLite file, written in one transaction per batch by any
number of processes at once: a kill loses the unfinished batch and nothing else. A damaged file is set aside, never
repaired: the answers are made again. Of a sound one of the last version the verdicts are taken over.
"""

import contextlib
import hashlib
import math
import os
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from acdc.engines.engine import Answer, Request, Sampling
from acdc.errors import InfrastructureError

_VERSION = 4  # 3: with log-probabilities; 4: close calls in float64, streams by names. Answers of before are asked anew
_SCHEMA = f"""
CREATE TABLE answer (
    key BLOB PRIMARY KEY, text BLOB NOT NULL, finish TEXT NOT NULL, tokens INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    mean_logprob REAL, self_certainty REAL
) WITHOUT ROWID;
CREATE TABLE verdict (key BLOB PRIMARY KEY, correct INTEGER NOT NULL, error TEXT) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
_SAME_VERDICTS = (2, 3)  # versions whose verdicts are those of today; some were paid for
_MOST_VARIABLES = 500  # SQLite's lowest default limit of bound variables in a statement is 999


class Reply(NamedTuple):
    """What the evaluation keeps of an answer.

    Attributes:
        text: The reply.
        finish: "stop" or "length" (cut off by the token budget).
        tokens: How many tokens it has.
        prompt_tokens: How many tokens the prompt has.
        mean_logprob: Mean of `Answer.logprobs`; None where the engine gives none, or there are no tokens.
        self_certainty: Mean of `Answer.certainties`; None likewise.
    """

    text: str
    finish: str
    tokens: int
    prompt_tokens: int
    mean_logprob: float | None = None
    self_certainty: float | None = None


def reply_of(answer: Answer) -> Reply:
    """What is kept of an engine's answer."""
    return Reply(
        answer.text,
        answer.finish,
        len(answer.tokens),
        answer.prompt_tokens,
        _mean(answer.logprobs),
        _mean(answer.certainties),
    )


def _mean(values: Sequence[float]) -> float | None:
    """None where there are no values, or one is infinite: a model may rule tokens out altogether."""
    return math.fsum(values) / len(values) if values and all(map(math.isfinite, values)) else None


def answer_key(engine: str, weights_hash: str, request: Request, sampling: Sampling) -> bytes:
    """The 16 bytes under which an answer is kept.

    Args:
        engine: `Engine.version`.
        weights_hash: Hash of the weights that answer.
        request: The prompt; its stream takes part only where tokens are drawn.
        sampling: How they are drawn.
    """
    stream = request.stream if sampling.temperature > 0 else 0
    numbers = struct.pack("<ddQQ", sampling.temperature, sampling.top_p, sampling.max_new_tokens, stream)
    return _hashed(numbers, (engine, weights_hash, request.prompt, *sampling.stop))


class Verdict(NamedTuple):
    """What became of a program in the sandbox.

    Attributes:
        correct: Whether it scored.
        error: What stopped it, or None.
    """

    correct: bool
    error: str | None


def verdict_key(limits: str, source: str, task: str, submission: str) -> bytes:
    """The 16 bytes under which a verdict on a program is kept.

    Args:
        limits: The sandbox's limits, as text.
        source: Of the task family that judges.
        task: Name of its example.
        submission: The program.
    """
    return _hashed(b"verdict", (limits, source, task, submission))


def judgement_key(judge: str, instructions: str, submission: str, criteria: str) -> bytes:
    """The 16 bytes under which a judge model's verdict is kept.

    Args:
        judge: Its version: model, prompts, length of a reply.
        instructions: What was asked.
        submission: The reply.
        criteria: When it passes.
    """
    return _hashed(b"judge", (judge, instructions, submission, criteria))


def set_aside_if_damaged(path: Path, say: Callable[[str], None]) -> None:
    """Move a cache that SQLite can't read, or of another version, out of the way; verdicts of earlier versions stay.

    Args:
        path: The cache; nothing happens if it does not exist.
        say: Receives one line for the user if it was moved.

    Raises:
        InfrastructureError: A cache with those verdicts can't be written.
    """
    reason, version = _damage(path) if path.exists() else ("", 0)
    if not reason:
        return
    fresh = path.with_name(path.name + ".new")
    if version in _SAME_VERDICTS:
        fresh.unlink(missing_ok=True)
        with AnswerCache(fresh) as cache:
            cache.take_verdicts(path)
    number = 1
    while (aside := path.with_name(f"{path.name}.aside-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    os.replace(path, aside)
    if version in _SAME_VERDICTS:
        os.replace(fresh, path)
    kept = ", but verdicts are kept" if version in _SAME_VERDICTS else ""
    say(
        f"The answer cache {path} {reason}; it was set aside as {aside.name}, and answers are made again{kept}."
    )


def _hashed(begin: bytes, texts: Iterable[str]) -> bytes:
    hashed = hashlib.blake2b(begin, digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        hashed.update(struct.pack("<Q", len(data)) + data)
    return hashed.digest()


def _damage(path: Path) -> tuple[str, int]:
    """What is wrong with the file, or nothing; and its version, 0 where it can't be believed."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=60.0)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem != "ok":
                return f"is damaged ({problem})", 0
            return "" if version in (0, _VERSION) else f"is of version {version}, not {_VERSION}", version
    except sqlite3.OperationalError:
        return "", 0  # locked or unreadable: whoever opens it next says so
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})", 0


class AnswerCache:
    """One connection to the cache; every process opens its own.

    Args:
        path: The SQLite file; it and its folder are made where missing.

    Raises:
        InfrastructureError: The file can't be opened, read or written; the message says why.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=60.0, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("BEGIN IMMEDIATE")
            if self._connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise self._failure(error) from error

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The answers that are there, by key."""
        return {
            key: Reply(text.decode("utf-8", "surrogatepass"), *rest)
            for key, text, *rest in self._rows("answer", keys)
        }

    def put(self, answers: Iterable[tuple[bytes, Reply]]) -> None:
        """Keep a batch in one transaction. What is there already stays: equal keys mean equal answers."""
        self._insert(
            "INSERT OR IGNORE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(key, reply.text.encode("utf-8", "surrogatepass"), *reply[1:]) for key, reply in answers],
        )

    def verdicts(self, keys: Sequence[bytes]) -> dict[bytes, Verdict]:
        """The verdicts that are there, by key."""
        return {key: Verdict(bool(correct), error) for key, correct, error in self._rows("verdict", keys)}

    def put_verdicts(self, verdicts: Iterable[tuple[bytes, Verdict]]) -> None:
        """Keep verdicts in one transaction."""
        self._insert(
            "INSERT OR IGNORE INTO verdict VALUES (?, ?, ?)",
            [(key, int(verdict.correct), verdict.error) for key, verdict in verdicts],
        )

    def take_verdicts(self, other: Path) -> None:
        """Keep the verdicts of another cache of the same schema of verdicts, all or none."""
        try:
            self._connection.execute("ATTACH ? AS other", (str(other),))
            self._connection.execute("INSERT OR IGNORE INTO verdict SELECT * FROM other.verdict")
            self._connection.execute("DETACH other")
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Close the connection; the cache can't be used afterwards."""
        self._connection.close()

    def __enter__(self) -> "AnswerCache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, table: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        try:
            for first in range(0, len(keys), _MOST_VARIABLES):
                some = keys[first : first + _MOST_VARIABLES]
                marks = ",".join("?" * len(some))
                yield from self._connection.execute(
                    f"SELECT * FROM {table} WHERE key IN ({marks})", some
                ).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _insert(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> InfrastructureError:
        return InfrastructureError(
            f"The answer cache {self._path} can't be used: {error}. Answers of finished batches are kept; free disk space or "
            "move the file away if it is damaged, and start again."
        )
