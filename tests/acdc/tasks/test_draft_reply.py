"""From replies to drafts: whatever a scientist writes, a draft or a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.chat.call import Reply
from acdc.tasks.draft_reply import draft_of, truth_of
from acdc.tasks.scientist import Draft, Rejection, Request

SOURCE = "class TaskFamily:\n    pass\n"
FIELDS = {
    "name": "a  name",
    "description": "d",
    "capability": "c",
    "difficulty": 4,
    "is_code": True,
    "source": SOURCE,
    "done": True,
}
REQUEST = Request("t0007", "novel", 2, 5)


def said(text: str, finish: str = "stop") -> Draft | Rejection:
    return draft_of(Reply(text, "m", 1, 1, finish), REQUEST)


def of(**changes: object) -> Draft:
    result = said(json.dumps({**FIELDS, **changes}))
    assert isinstance(result, Draft)
    return result


def test_a_whole_reply_becomes_a_draft() -> None:
    assert of() == Draft(SOURCE, "a name", "d", "c", 4, "", is_code=True, done=True)


@pytest.mark.parametrize(
    "source",
    [
        f"```python\n{SOURCE}```",
        f"```\n{SOURCE}\n```",
        f"Code:\n~~~py\n{SOURCE}~~~\nThat is it.",
        SOURCE.splitlines(),
    ],
)
def test_fences_around_the_source_are_taken_off(source: object) -> None:
    assert of(source=source).source == SOURCE


def test_a_source_beside_the_object_is_found() -> None:
    rest = {name: value for name, value in FIELDS.items() if name != "source"}
    result = said(f"```json\n{json.dumps(rest)}\n```\n```python\n{SOURCE}```")
    assert isinstance(result, Draft)
    assert result.source == SOURCE


@pytest.mark.parametrize(
    ("given", "read"), [("4/5", 4), (9, 5), (0, 1), (2.0, 2), ("hard", 3), (None, 3), ("10" * 50, 5)]
)
def test_difficulty_is_one_to_five(given: object, read: int) -> None:
    assert of(difficulty=given).difficulty == read


@pytest.mark.parametrize(
    ("text", "finish", "reason", "words"),
    [
        ("", "stop", "reply", "empty"),
        ("", "too-long", "reply", "context"),
        ("I cannot.", "stop", "parse", "no JSON object"),
        (json.dumps({"name": "n", "done": True}), "stop", "parse", "not there"),
        (json.dumps(FIELDS)[:120], "length", "parse", "cut off"),
        (
            json.dumps({"thought": "none is harder", "name": "n", "done": False}),
            "stop",
            "reply",
            "none is harder",
        ),
    ],
)
def test_what_is_no_draft_has_its_reason(text: str, finish: str, reason: str, words: str) -> None:
    result = said(text, finish)
    assert isinstance(result, Rejection)
    assert (result.id, result.reason) == ("t0007", reason)
    assert words in result.detail


def test_a_repair_keeps_what_the_reply_leaves_out() -> None:
    reply = Reply(json.dumps({"source": SOURCE, "done": "true"}), "m", 1, 1, "stop")
    result = draft_of(reply, REQUEST, of(name="before"))
    assert isinstance(result, Draft)
    assert (result.name, result.difficulty, result.is_code, result.done) == ("before", 4, True, True)


@given(st.text(max_size=200), st.sampled_from(["stop", "length", "too-long"]))
def test_nothing_that_is_said_raises(text: str, finish: str) -> None:
    assert isinstance(said(text, finish), Draft | Rejection)


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS]), st.none() | st.booleans() | st.floats() | st.lists(st.integers())
    )
)
def test_values_of_other_types_do_not_raise(changes: dict[str, object]) -> None:
    assert isinstance(said(json.dumps({**FIELDS, **changes})), Draft | Rejection)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"thought": "x", "interesting": true}', True),
        ("```json\n{'interesting': False,}\n```", False),
        ('{"interesting": "yes"}', True),
        ('{"interesting": 1}', None),
        ("interesting: true", None),
    ],
)
def test_a_yes_or_no_is_read_or_missing(text: str, answer: bool | None) -> None:
    assert truth_of(Reply(text, "m", 1, 1, "stop"), "interesting") is answer
