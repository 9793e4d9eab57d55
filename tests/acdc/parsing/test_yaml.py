"""What a person wrote twice is said, not dropped."""

from pathlib import Path

import pytest
import yaml

from acdc.cli.pipeline import rehearse
from acdc.config.config import load, override
from acdc.errors import InputError
from acdc.parsing.yaml import RepeatedKeyError, read_settings_file, read_yaml

PARAMS = Path(__file__).parents[3] / "params.yaml"


def test_a_section_pasted_a_second_time_is_named_with_both_lines(tmp_path: Path) -> None:
    """PyYAML would keep the last one and lose all the project's variants."""
    text = PARAMS.read_text(encoding="utf-8")
    first = next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith("variants:"))
    params = tmp_path / "params.yaml"
    params.write_text(f"{text}variants:\n  gentle: {{}}\n", encoding="utf-8")
    last = len(text.splitlines()) + 1
    said = f"{params}: `variants` is given twice, lines {first} and {last}; keep one"
    with pytest.raises(InputError) as refused:
        load(params)
    assert str(refused.value) == said
    with pytest.raises(InputError, match="`variants` is given twice"):
        rehearse(PARAMS, params, tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n  b:\n    c: 1\n    d: 2\n    c: 3\n", "`c` is given twice, lines 3 and 5"),
        ('a: 1\n"a": 2\n', "`a` is given twice, lines 1 and 2"),
        ("- {x: 1, y: 2, x: 1}\n", "`x` is given twice, line 1"),
    ],
    ids=["deep", "quoted", "flow"],
)
def test_a_key_given_twice_is_found_wherever_it_stands(text: str, said: str) -> None:
    with pytest.raises(RepeatedKeyError) as refused:
        read_yaml(text)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "text",
    [
        "a: {x: 1}\nb: {x: 1}\n",
        "base: &base {x: 1, y: 2}\nmore: {<<: *base, x: 3}\nmost: {<<: *base, y: 4}\n",
        "first: &first {x: 1}\nsecond: &second {<<: *first, x: 2}\nthird: {<<: *second, x: 3}\n",
        "1: one\n'1': word\n",
    ],
    ids=["siblings", "merged", "merged twice", "number and word"],
)
def test_keys_that_only_look_the_same_are_read_as_ever(text: str) -> None:
    assert read_yaml(text) == yaml.safe_load(text)


def test_the_projects_settings_are_read_as_ever() -> None:
    assert read_settings_file(PARAMS) == yaml.safe_load(PARAMS.read_text(encoding="utf-8"))


def test_a_value_on_the_command_line_may_not_say_a_thing_twice() -> None:
    with pytest.raises(InputError, match="`rows` is given twice, line 1"):
        override("engine={rows: 1, rows: 2}")
