"""The answer cache: keyed by content, whole batches or nothing, damage set aside."""

import sqlite3
from pathlib import Path

import pytest

from acdc.engines.engine import Answer, Request, Sampling
from acdc.errors import InfrastructureError
from evals.answering.answer_cache import (
    AnswerCache,
    Reply,
    Verdict,
    answer_key,
    reply_of,
    set_aside_if_damaged,
    verdict_key,
)

REPLY = Reply("twelve \0 \udcff €", "stop", 3, 9, -0.1 - 0.2, 1e-300)


def test_what_is_put_comes_back_whatever_the_text(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "answers.sqlite"
    with AnswerCache(path) as cache:
        cache.put([(b"a", REPLY), (b"b", Reply("", "length", 0, 1))])
    with AnswerCache(path) as cache:
        assert cache.get([b"a", b"b", b"c"]) == {b"a": REPLY, b"b": Reply("", "length", 0, 1)}


def test_of_numbers_per_token_their_mean_is_kept_and_none_where_there_is_none() -> None:
    reply = reply_of(Answer("ab", (1, 2), "stop", 5, (-1.0, -0.5), (2.0, 3.0)))
    assert reply == Reply("ab", "stop", 2, 5, -0.75, 2.5)
    assert reply_of(Answer("ab", (1, 2), "stop", 5)) == Reply("ab", "stop", 2, 5, None, None)
    ruled_out = Answer("a", (1,), "stop", 5, (-1.0,), (float("inf"),))
    assert reply_of(ruled_out).self_certainty is None


def test_more_keys_than_sqlite_binds_at_once_are_found(tmp_path: Path) -> None:
    keys = [str(number).encode() for number in range(2500)]
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        cache.put((key, REPLY) for key in keys)
        assert len(cache.get(keys)) == 2500


def test_two_connections_write_at_once(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a") as one, AnswerCache(tmp_path / "a") as other:
        one.put([(b"x", REPLY)])
        other.put([(b"x", REPLY), (b"y", REPLY)])
        assert one.get([b"y"]) == {b"y": REPLY}


@pytest.mark.parametrize(
    "other",
    [
        ("other engine", "weights", Request("prompt"), Sampling()),
        ("engine", "other weights", Request("prompt"), Sampling()),
        ("engine", "weights", Request("other prompt"), Sampling()),
        ("engine", "weights", Request("prompt"), Sampling(temperature=0.5)),
        ("engine", "weights", Request("prompt"), Sampling(max_new_tokens=9)),
        ("engine", "weights", Request("prompt"), Sampling(stop=("x",))),
        ("engine", "weights", Request("promptx"), Sampling(stop=())),
    ],
)
def test_everything_that_can_change_an_answer_changes_its_key(
    other: tuple[str, str, Request, Sampling],
) -> None:
    assert answer_key("engine", "weights", Request("prompt"), Sampling()) != answer_key(*other)


def test_a_stream_takes_part_only_where_tokens_are_drawn() -> None:
    one, two = Request("prompt", 1), Request("prompt", 2)
    greedy, drawn = Sampling(), Sampling(temperature=0.7)
    assert answer_key("e", "w", one, greedy) == answer_key("e", "w", two, greedy)
    assert answer_key("e", "w", one, drawn) != answer_key("e", "w", two, drawn)


@pytest.mark.parametrize("damage", ["bytes", "version"])
def test_a_damaged_cache_is_set_aside_with_a_message(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "answers.sqlite"
    with AnswerCache(path) as cache:
        cache.put((str(number).encode(), REPLY) for number in range(1000))
    if damage == "bytes":
        path.write_bytes(b"not a database, but long enough to look at" * 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 7")
        connection.close()
    said: list[str] = []
    set_aside_if_damaged(path, said.append)
    assert len(said) == 1
    assert "answers.sqlite.aside-1" in said[0]
    assert not path.exists()
    with AnswerCache(path) as cache:
        assert cache.get([b"1"]) == {}


def test_verdicts_of_the_last_version_outlive_its_answers(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with sqlite3.connect(path) as connection:  # as version 2 wrote it
        connection.executescript("""
            CREATE TABLE answer (key BLOB PRIMARY KEY, text BLOB NOT NULL, finish TEXT NOT NULL, tokens INTEGER NOT NULL,
                prompt_tokens INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE verdict (key BLOB PRIMARY KEY, correct INTEGER NOT NULL, error TEXT) WITHOUT ROWID;
            INSERT INTO answer VALUES (x'61', x'61', 'stop', 1, 1);
            INSERT INTO verdict VALUES (x'62', 1, NULL), (x'63', 0, 'exception');
            PRAGMA user_version = 2;
        """)
    connection.close()
    said: list[str] = []
    set_aside_if_damaged(path, said.append)
    assert "set aside as answers.sqlite.aside-1" in said[0]
    assert "verdicts are kept" in said[0]
    set_aside_if_damaged(path, pytest.fail)
    with AnswerCache(path) as cache:
        assert cache.verdicts([b"b", b"c"]) == {b"b": Verdict(True, None), b"c": Verdict(False, "exception")}
        assert cache.get([b"a"]) == {}
        cache.put([(b"a", REPLY)])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["answers.sqlite", "answers.sqlite.aside-1"]


def test_a_sound_cache_stays(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        cache.put([(b"a", REPLY)])
    set_aside_if_damaged(tmp_path / "answers.sqlite", pytest.fail)
    set_aside_if_damaged(tmp_path / "nothing.sqlite", pytest.fail)
    assert [path.name for path in tmp_path.iterdir()] == ["answers.sqlite"]
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        assert cache.get([b"a"]) == {b"a": REPLY}


def test_a_cache_that_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InfrastructureError, match="start again"):
        AnswerCache(tmp_path / "file" / "answers.sqlite")


def test_verdicts_are_kept_by_limits_source_task_and_submission(tmp_path: Path) -> None:
    key = verdict_key("limits", "source", "task", "submission")
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        cache.put_verdicts([(key, Verdict(False, "exception"))])
        assert cache.verdicts([key]) == {key: Verdict(False, "exception")}
    others = [("l", "source", "task", "submission"), ("limits", "sourcet", "ask", "submission")]
    assert key not in {verdict_key(*other) for other in others}
