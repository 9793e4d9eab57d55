"""JSON as models write it: every malformation, alone and drawn at random."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.parsing.lenient_json import find_object

CODE = 'class TaskFamily:\n    """A "quoted" doc."""\n    def f(t):\n        return {"a": f"{t}\\n"}, \'x\'\n'
WANTED = frozenset({"name", "source", "done"})

names = st.text(st.characters(categories=["Ll", "Lu"]), min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8"), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, values, min_size=1, max_size=4)
prose = st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=60)


@given(objects, prose, prose, st.sampled_from(["", "```json\n", "```\n", "~~~"]))
def test_any_object_is_found_in_any_text(value: dict[str, Any], before: str, after: str, fence: str) -> None:
    text = f"{before}\n{fence}{json.dumps(value, indent=1)}\n{fence and '```'}\n{after}"
    assert find_object(text) == (value, False)


@given(st.dictionaries(names, texts, min_size=1, max_size=4), st.integers(0, 400))
def test_of_a_reply_that_was_cut_off_only_whole_values_are_left(value: dict[str, str], cut: int) -> None:
    text = json.dumps(value)
    found = find_object(text[: max(1, min(cut, len(text) - 1))])
    assert found.cut_off
    assert found.value.items() <= value.items()


@given(st.text(st.sampled_from("{}[]\"'“”:,\\ \nabn1-.tu"), max_size=80))
def test_whatever_comes_is_an_object_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(find_object(text).value, dict)


@given(st.dictionaries(names, st.text(st.characters(categories=["L", "N", "Zs"]), max_size=20), min_size=1))
def test_smart_quotes_line_breaks_and_trailing_commas_together(value: dict[str, str]) -> None:
    lines = ",\n".join(f"“{name}”: “{text}”" for name, text in value.items())
    assert find_object("Sure!\n{\n" + lines + ",\n}\nThere you are.").value == value


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"name": "n", "source": CODE, "done": True}),
        f"Thought: sets like {{1, 2}} help.\n```json\n{json.dumps({'name': 'n', 'source': CODE, 'done': True})}\n```\nEnjoy!",
        json.dumps({"name": "n", "source": CODE, "done": True}).replace(":\\n", ":\n"),  # raw line breaks
        "{'name': 'n', 'source': " + repr(CODE) + ", 'done': True}",  # a Python dict
        '{"name": "n", "source": """' + CODE.replace('"""', "'''") + '""", "done": true}',
        json.dumps({"name": "n", "source": CODE})[:-1] + ', "done": true,\n}',
        '{"example": 1} and then ' + json.dumps({"name": "n", "source": CODE, "done": True}),
        json.dumps({"name": "n", "source": CODE, "done": True})[:-1],  # only the last brace is missing
    ],
)
def test_the_draft_is_found_with_its_code(text: str) -> None:
    value = find_object(text, WANTED).value
    assert value["name"] == "n"
    assert value["source"].replace("'''", '"""') == CODE


def test_the_last_of_equal_objects_counts_and_complete_before_cut_off() -> None:
    assert find_object('{"name": 1} {"name": 2}', WANTED).value == {"name": 2}
    assert find_object('{"name": 1} {"name": 2', WANTED) == ({"name": 1}, False)


def test_fences_inside_a_string_end_nothing() -> None:
    source = "```python\nprint('{')\n```"
    assert find_object("```json\n" + json.dumps({"source": source}) + "\n```").value == {"source": source}


def test_quotation_marks_that_are_not_escaped_stay() -> None:
    assert find_object('{"name": "the "best" task", "done": true}').value == {
        "name": 'the "best" task',
        "done": True,
    }


def test_backslashes_that_escape_nothing_stay() -> None:
    assert find_object(r'{"name": "\d+ and \(x\)",}').value == {"name": r"\d+ and \(x\)"}


def test_nesting_without_end_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        find_object("no object here")
    with suppress(ValueError):
        find_object('{"a":' * 5000)
