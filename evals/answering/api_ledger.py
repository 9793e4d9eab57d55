"""Replies of endpoints that benchmarks were asked of, kept on arrival: what was paid for is never asked again.

One SQLite file beside the answer cache. It holds hashes of requests and the replies, with tokens and the day, and no request:
benchmarks that may not be published are asked, too. Where an endpoint counts no tokens, what counts towards its budget is kept beside. Everything that a table says of cost and date comes from here.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from acdc.chat.call import Call, Reply, spent_on
from acdc.errors import InfrastructureError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS reply (
    hash TEXT PRIMARY KEY, role TEXT NOT NULL, at REAL NOT NULL, prompt_tokens INTEGER NOT NULL, tokens INTEGER NOT NULL,
    reply TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS estimate (
    hash TEXT PRIMARY KEY, prompt_tokens INTEGER NOT NULL, tokens INTEGER NOT NULL) WITHOUT ROWID;
"""


class Spent(NamedTuple):
    """What an endpoint was asked so far.

    Attributes:
        calls: Replies that came.
        prompt_tokens: Of all of them, as the endpoint counts; 0 where it does not.
        tokens: Likewise.
        models: What the endpoint says that it is, sorted.
        first: Day of the first reply, UTC, as 2026-11-20; empty where there is none.
        last: Day of the last.
    """

    calls: int
    prompt_tokens: int
    tokens: int
    models: tuple[str, ...]
    first: str
    last: str


class ApiLedger:
    """A keeper of replies (:class:`acdc.chat.transcript.Keeper`).

    Args:
        path: The SQLite file; it and its folder are made where missing.

    Raises:
        InfrastructureError: The file can't be used; the message says why.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
            self._db.executescript(_SCHEMA)

    def reply(self, call: Call) -> Reply | None:
        """The reply that an equal call got, or None."""
        with self._told():
            row = self._db.execute("SELECT reply FROM reply WHERE hash = ?", (call.hash,)).fetchone()
        return None if row is None else Reply.from_json(json.loads(row[0]))

    def keep(self, call: Call, reply: Reply) -> None:
        """Keep a call's reply, at once; without the request."""
        # Replies may hold half of a surrogate pair, which only escapes can carry.
        text = json.dumps(asdict(reply), sort_keys=True)
        row = (call.hash, call.role, time.time(), reply.prompt_tokens, reply.tokens, text)
        spent = spent_on(call, reply)
        with self._told():
            # Of what an endpoint does not count the request tells more, and that is not kept. Without its reply it says nothing.
            if spent != (reply.prompt_tokens, reply.tokens):
                self._db.execute("INSERT OR REPLACE INTO estimate VALUES (?, ?, ?)", (call.hash, *spent))
            self._db.execute("INSERT OR IGNORE INTO reply VALUES (?, ?, ?, ?, ?, ?)", row)

    def spent(self, role: str) -> tuple[int, int]:
        """Tokens of prompts and of replies so far, as a budget counts them: :func:`acdc.chat.call.spent_on`."""
        query = (
            "SELECT total(coalesce(estimate.prompt_tokens, reply.prompt_tokens)), total(coalesce(estimate.tokens, reply.tokens)) "
            "FROM reply LEFT JOIN estimate USING (hash) WHERE role = ?"
        )
        with self._told():
            prompts, tokens = self._db.execute(query, (role,)).fetchone()
        return int(prompts), int(tokens)

    def total(self, role: str) -> Spent:
        """Everything that is known of an endpoint's replies."""
        query = (
            "SELECT count(*), total(prompt_tokens), total(tokens), min(at), max(at) FROM reply WHERE role = ?"
        )
        with self._told():
            calls, prompts, tokens, first, last = self._db.execute(query, (role,)).fetchone()
            names = "SELECT DISTINCT json_extract(reply, '$.model') FROM reply WHERE role = ? ORDER BY 1"
            models = tuple(str(row[0]) for row in self._db.execute(names, (role,)))
        return Spent(calls, int(prompts), int(tokens), models, _day(first), _day(last))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise InfrastructureError(
                f"The replies of endpoints in {self._path} can't be used: {error}. Free disk space, or move the file away if it is "
                "damaged (what it holds would be paid for again), and start again."
            ) from error


def _day(at: float | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d", time.gmtime(at))
