"""Transcripts: exported in one order, replayed without an endpoint, and clear about what they lack."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acdc.chat.call import Call, Reply
from acdc.chat.client import Chat
from acdc.chat.settings import LLMScientistSettings
from acdc.chat.transcript import Replay, Transcript, lines
from acdc.errors import InputError

REPLY = Reply("yes \ud800 “no”", "m-2", 3, 4, "stop")
CALLS = [Call("scientist", f"t{i:04d}/novel", "p", "m", "s", f"line one\nquestion {i}") for i in range(3)]


def written(directory: Path, order: list[Call]) -> Path:
    transcript = Transcript(directory, {"scientist": {"model": "m"}})
    for call in order:
        transcript.keep(call, REPLY)
    transcript.close()
    path = directory / "transcript.jsonl"
    path.write_text("\n".join(lines(directory)) + "\n", encoding="utf-8")
    return path


def test_the_file_does_not_depend_on_what_arrived_first(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a", CALLS), written(tmp_path / "b", CALLS[::-1])
    assert one.read_bytes() == other.read_bytes()
    assert [json.loads(line).get("label") for line in one.read_text().splitlines()[1:]] == [
        c.label for c in CALLS
    ]


def test_a_replay_answers_as_the_endpoint_did_and_needs_none(tmp_path: Path) -> None:
    replay = Replay(written(tmp_path, CALLS))
    settings = LLMScientistSettings(model="m", replay=replay.path)
    again = Transcript(tmp_path / "again", replay.made_with)
    with Chat("scientist", settings, again, replay) as chat:
        assert chat.ask(CALLS) == [REPLY] * 3
    again.close()
    assert list(lines(tmp_path / "again")) == replay.path.read_text().splitlines()


def test_a_call_that_differs_is_shown_with_its_difference(tmp_path: Path) -> None:
    replay = Replay(written(tmp_path, CALLS))
    with pytest.raises(InputError, match=r"(?s)\n-user: question 1\n\+user: question 9\n") as caught:
        replay.reply(replace(CALLS[1], user="line one\nquestion 9"))
    assert "scientist t0001/novel" in str(caught.value)


def test_a_call_that_is_not_there_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no call scientist t0009/novel"):
        Replay(written(tmp_path, CALLS)).reply(replace(CALLS[1], label="t0009/novel", user="x"))


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "not json\n",
        '{"transcript": 99}\n',
        '{"transcript": 1, "made_with": []}\n',
        '{"transcript": 1, "made_with": {"scientist": "m"}}\n',
        "[" * 100_000,
        '{"transcript": 1, "made_with": {}}\n{"hash": "x"}\n',
    ],
)
def test_what_is_no_transcript_is_said(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "file.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"file\.jsonl"):
        Replay(path)


def edited(path: Path, line: int, **changes: Any) -> Path:
    """The file with a line's values changed; ``text`` and ``tokens`` are the reply's, ``user`` is the request's."""
    written_lines = path.read_text(encoding="utf-8").splitlines()
    value = json.loads(written_lines[line - 1])
    for name, one in changes.items():
        holder = {"text": "reply", "tokens": "reply", "user": "request"}.get(name)
        (value if holder is None else value[holder])[name] = one
    written_lines[line - 1] = json.dumps(value)
    path.write_text("\n".join(written_lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user": "another question"}, "its hash is not that of its request"),
        ({"hash": "0" * 32}, "its hash is not that of its request"),
        ({"hash": [1]}, "must be texts"),
        ({"label": 3}, "must be texts"),
        ({"text": None}, "must be texts"),
        ({"tokens": float("inf")}, "infinity"),
        ({"tokens": None}, "NoneType"),
        ({"request": "question"}, "must be a mapping"),
        ({"reply": []}, "list indices"),
    ],
)
def test_a_line_that_was_changed_is_named_and_never_replayed(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = edited(written(tmp_path, CALLS), 3, **changes)
    with pytest.raises(InputError, match=rf"line 3: this is not a call of a transcript \(.*{words}"):
        Replay(path)


@pytest.mark.parametrize("line", ["[" * 100_000, "[1]", "5"])
def test_a_line_that_is_no_call_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, CALLS)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(InputError, match="line 5: this is not a call of a transcript"):
        Replay(path)


def test_two_replies_to_one_call_are_not_chosen_between(tmp_path: Path) -> None:
    path = written(tmp_path, CALLS)
    lines_ = path.read_text().splitlines()
    path.write_text("\n".join([*lines_, lines_[1].replace("yes", "no")]) + "\n")
    with pytest.raises(
        InputError, match="line 5: an earlier line already has a reply to scientist t0000/novel"
    ):
        Replay(path)


def test_a_file_that_an_editor_has_saved_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, CALLS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\n")
    assert Replay(path).reply(CALLS[0]) == REPLY


def test_a_call_without_one_of_its_name_is_shown_beside_the_nearest(tmp_path: Path) -> None:
    replay = Replay(written(tmp_path, CALLS))
    with pytest.raises(InputError, match=r"(?s)nearest that it has is t0001/novel:.*\+user: and more"):
        replay.reply(replace(CALLS[1], label="another", user="line one\nquestion 1\nand more"))
    with pytest.raises(InputError, match="the transcript has no call of the gibberish"):
        replay.reply(replace(CALLS[1], role="gibberish"))


def test_a_damaged_transcript_of_a_run_is_said(tmp_path: Path) -> None:
    path = tmp_path / "transcript.sqlite"
    path.write_bytes(b"SQLite no more" * 100)
    with pytest.raises(InputError, match=r"transcript\.sqlite: damaged .* made again"):
        Transcript(tmp_path, {})
    path.unlink()
    transcript = Transcript(tmp_path, {})
    transcript.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM head")
    with pytest.raises(InputError, match="the line with models and sampling settings is missing"):
        list(lines(tmp_path))


def test_a_page_that_was_overwritten_is_damage(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, {})
    for number in range(200):
        transcript.keep(replace(CALLS[0], seed=number), REPLY)
    transcript.close()
    path = tmp_path / "transcript.sqlite"
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    path.write_bytes(content)
    transcript = Transcript(tmp_path, {})
    with pytest.raises(InputError, match=r"damaged .* made again"):
        transcript.spent("scientist")
    transcript.close()
    with pytest.raises(InputError, match="damaged"):
        list(lines(tmp_path))


def test_a_mistake_of_ours_is_not_called_damage(tmp_path: Path) -> None:
    """Whoever reads "damaged, move it away" throws replies away that were paid for."""
    transcript = Transcript(tmp_path, {})
    with pytest.raises(sqlite3.ProgrammingError, match="type 'list' is not supported"):
        transcript.keep(replace(CALLS[0], label=[]), REPLY)  # type: ignore[arg-type]
    transcript.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        transcript.reply(CALLS[0])


def test_a_run_without_a_transcript_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the run has no transcript"):
        list(lines(tmp_path))
