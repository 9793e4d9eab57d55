"""Every command that the README shows exists, and those that take no minutes are run as they stand there."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from acdc.config.config import parse
from reproductions.text.numbers import interval, points

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", README, flags=re.MULTILINE)
# What takes minutes or needs finished runs is run by `make smoke` and `.ci/run`, or by a test of its own.
ELSEWHERE = (
    "make reproduce",
    "make test",
    "acdc status runs",
    "acdc taskforce --models",
    "acdc summary",
    "dvc ",
)
TOOLS = Path(sys.executable).parent


def test_the_readme_shows_commands() -> None:
    assert COMMANDS[:2] == ["make reproduce", "make test"]
    assert len(COMMANDS) > 8


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(ELSEWHERE)])
def test_a_command_of_the_readme_runs(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    if words[1] == "audit-paper":
        words += ["--json", str(tmp_path / "audit.json")]
    result = subprocess.run(
        [str(TOOLS / words[0]), *words[1:]], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_a_target_of_the_readme_exists(command: str) -> None:
    assert (
        subprocess.run(
            ["make", "-n", command.split()[1]], cwd=PROJECT, capture_output=True, check=False
        ).returncode
        == 0
    )


def test_every_acdc_command_of_the_readme_is_known() -> None:
    names = {shlex.split(command)[1] for command in COMMANDS if command.startswith("acdc ")}
    text = subprocess.run([str(TOOLS / "acdc"), "--help"], capture_output=True, text=True, check=True).stdout
    assert all(name in text for name in names)


def test_settings_shown_in_the_readme_are_valid() -> None:
    import yaml

    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)]
    assert len(shown) == 2
    data = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    for block in shown:
        for section, entries in block.items():
            data[section] = {**data[section], **entries}
    config = parse(data)
    assert config.evolution("tiny", "gentle").mutation.scale == 0.01
    assert config.evolution("mine", "acdc").crossover.std == 0.5


def test_every_path_linked_in_the_readme_exists() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (PROJECT / target).exists(), target


def test_the_readmes_table_is_the_kept_one_digit_for_digit() -> None:
    kept = json.loads((PROJECT / "reproductions/tiny/table.json").read_text(encoding="utf-8"))
    rows = [row["cells"] for row in kept["rows"] if row["n"] == 8 and row["cells"]["p (Holm)"] != "–"]
    rivals = [
        f"| {cells['N']} | {cells['Coverage, % [95%]']} | {cells['Task force minus rival [95%]']} | {cells['p (Holm)']} "
        f"| {cells['Verdict']} |"
        for cells in rows
    ]
    shown = re.findall(r"^\| .+? (\| \d \| .+)$", README, flags=re.MULTILINE)
    assert sorted(shown[-len(rivals) :]) == sorted(rivals)


def test_the_readmes_study_is_computed_from_the_kept_answers() -> None:
    from reproductions.kept_answers import FILE
    from reproductions.study.family_scores import scores
    from reproductions.study.study import SETTINGS, read_settings, study_table

    folder = SETTINGS.parent / "study"
    data = study_table(read_settings(), scores(folder / FILE)).frame
    for row in data[data["n"] == 8].to_dict("records"):
        shown = f"{interval(row['mean'], row['low'], row['high'], points)} | {row['ahead']} of {row['families']} |"
        assert shown in README, row["asks"]
