"""Transcripts: exported in one order, replayed without an endpoint, and clear about what they lack."""

import json
from dataclasses import replace
from pathlib import Path

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
    [None, "", "not json\n", '{"transcript": 99}\n', '{"transcript": 1, "made_with": {}}\n{"hash": "x"}\n'],
)
def test_what_is_no_transcript_is_said(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "file.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"file\.jsonl"):
        Replay(path)


def test_a_run_without_a_transcript_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no transcript there"):
        list(lines(tmp_path))
