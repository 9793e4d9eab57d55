"""What a person wrote twice, or what two versions of YAML read differently, is said and not passed over."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import loads_yaml
from lm_eval.tasks._yaml_loader import load_yaml as lm_eval_reads

from acdc.cli.pipeline import run_pipeline
from acdc.config.config import load, override
from acdc.errors import InputError
from acdc.parsing.yaml import YamlError, read_settings_file, read_yaml, read_yaml_file, write_yaml

ROOT = Path(__file__).parents[3]
PARAMS = ROOT / "params.yaml"


def as_1_1(text: str, folder: Path) -> Any:
    """What a reader of YAML 1.1 (PyYAML, in lm-eval) says of a text."""
    (path := folder / "text.yaml").write_text(f"it: {text}\n")
    return lm_eval_reads(path)["it"]


def test_a_section_pasted_a_second_time_is_named_with_both_lines(tmp_path: Path) -> None:
    """A reader that keeps the last one would lose all the project's variants."""
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
        run_pipeline(PARAMS, params, tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n  b:\n    c: 1\n    d: 2\n    c: 3\n", "`c` is given twice, lines 3 and 5; keep one"),
        ('a: 1\n"a": 2\n', "`a` is given twice, lines 1 and 2; keep one"),
        ("- {x: 1, y: 2, x: 1}\n", "`x` is given twice, line 1; keep one"),
    ],
    ids=["deep", "quoted", "flow"],
)
def test_a_key_given_twice_is_found_wherever_it_stands(text: str, said: str) -> None:
    with pytest.raises(YamlError) as refused:
        read_yaml(text)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "text",
    [
        "a: {x: 1}\nb: {x: 1}\n",
        "base: &base {x: 1, y: 2}\nmore: {<<: *base, x: 3}\nmost: {<<: *base, y: 4}\n",
        "first: &first {x: 1}\nsecond: &second {<<: *first, x: 2}\nthird: {<<: *second, x: 3}\n",
        "1: one\n'1': word\n",
        "",
    ],
    ids=["siblings", "merged", "merged twice", "number and word", "empty"],
)
def test_keys_that_only_look_the_same_are_read_as_dvc_reads_them(text: str) -> None:
    assert read_yaml(text) == loads_yaml(text)


@pytest.mark.parametrize(
    "value",
    ["010", "-012", "1:30", "1:30.5", "no", "On", "YES", "off", "1_000", "1.5_0", "2026-11-20"],
)
def test_a_value_that_yaml_1_1_reads_differently_is_refused_with_its_place(
    value: str, tmp_path: Path
) -> None:
    assert as_1_1(value, tmp_path) != value
    with pytest.raises(YamlError, match=r"^line 3, column 5: .*differently; write ") as refused:
        read_yaml(f"a:\n  b:\n  - {value}\n")
    assert f"`{value}`" in str(refused.value)
    assert f"'{value}'" in str(refused.value)
    assert read_yaml(f"'{value}'") == value


@pytest.mark.parametrize("value", ["0o17", "0b11", "08"])
def test_a_number_that_yaml_1_1_or_its_successor_takes_for_text_is_refused(value: str) -> None:
    with pytest.raises(YamlError, match="write a number in decimal digits alone"):
        read_yaml(f"a: {value}")


def test_a_name_that_yaml_1_1_takes_for_false_is_refused() -> None:
    with pytest.raises(YamlError, match=r"^line 2, column 3: YAML 1.1 and 1.2 read `no` differently"):
        read_yaml("families:\n  no: {preset: tiny}\n")


def test_numbers_and_words_of_both_versions_are_read() -> None:
    said = "[0, 10, -3, 0.5, .5, 1.0e-3, 1e-3, 0x1f, true, False, null, ~, y, n, 1.2.3, 10:x, v010]"
    wanted = [0, 10, -3, 0.5, 0.5, 1e-3, 1e-3, 31, True, False, None, None, "y", "n", "1.2.3", "10:x", "v010"]
    assert read_yaml(said) == loads_yaml(said) == wanted


@pytest.mark.parametrize(
    "text", ["[a: 1", "!x 1", "a: 1\n---\nb: 2\n", "[" * 5000, "9" * 5000, "1: a\n0x1: b"]
)
def test_what_is_no_yaml_is_an_error_of_the_text(text: str) -> None:
    with pytest.raises(YamlError, match="not readable as YAML") as refused:
        read_yaml(text)
    assert "http" not in str(refused.value)


def test_a_file_is_named_in_its_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file"):
        read_yaml_file(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"a: \xff")
    with pytest.raises(InputError, match=r"bytes\.yaml: not readable as YAML"):
        read_yaml_file(tmp_path / "bytes.yaml")


def test_tags_of_other_programs_are_text_where_that_is_asked_for() -> None:
    assert read_yaml("a: !function utils.check\n", as_text=("!function",)) == {"a": "utils.check"}


def test_every_file_of_the_project_is_read_as_dvc_reads_it() -> None:
    names = subprocess.run(
        ["git", "ls-files", "*.yaml"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert read_settings_file(PARAMS) == loads_yaml(PARAMS.read_text(encoding="utf-8"))
    for name in names.stdout.split():
        assert read_yaml_file(ROOT / name, as_text=("!function",)), name


def test_what_is_written_is_read_alike_by_all(tmp_path: Path) -> None:
    data = {
        "no": ["no", "on", "y", "1:30", "010", "1e3", "1_000", "2026-11-20", "true", "~", "", "0x1f", "0o17"],
        "numbers": [1e-5, 1e20, 0.1, -3, float("inf")],
        "texts": ["a: b", "x #y", "two\nlines\n", " lead", "é", "word " * 40],
        "rest": {"none": None, "yes and no": [True, False], "empty": {}, "list": []},
    }
    text = write_yaml(data)
    assert read_yaml(text) == loads_yaml(text) == data
    (path := tmp_path / "data.yaml").write_text(text, encoding="utf-8")
    assert lm_eval_reads(path) == data
    assert list(read_yaml(text)) == list(data)


def test_a_value_on_the_command_line_may_not_say_a_thing_twice() -> None:
    with pytest.raises(InputError, match="`rows` is given twice, line 1"):
        override("engine={rows: 1, rows: 2}")
    with pytest.raises(InputError, match=r"--set selected.seeds=\[010\]: line 1, column 2: .*`010`"):
        override("selected.seeds=[010]")


@pytest.mark.parametrize("text", ["%YAML 1.2\n---\na: 1\n", "%YAML 1.1\n---\na: 1\n"])
def test_a_version_line_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(YamlError, match="remove the %YAML line"):
        read_yaml(text)


def test_what_both_versions_take_for_text_is_text() -> None:
    assert read_yaml("a: 0:30") == {"a": "0:30"}
