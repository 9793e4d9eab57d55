"""When `make setup` does nothing, when it builds anew, and what it refuses."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from setup.environment import connect_dvc, why_new
from setup.requirements import SetupError, group, override_pins, pinned, wanted_extras
from setup.stamp import Stamp, make_stamp, read_stamp, write_stamp

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the files that a set-up reads and an environment that runs but holds nothing."""
    for name in ("pyproject.toml", "constraints.txt", "constraints-vllm.txt"):
        shutil.copy(ROOT / name, tmp_path)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "acdc").touch()
    (tmp_path / ".dvc").mkdir()
    return tmp_path


def stamp(project: Path, torch: str = "cpu") -> Stamp:
    return make_stamp(project, tomllib.loads((project / "pyproject.toml").read_text()), torch, (), PYTHON)


def test_a_stamp_comes_back_as_it_was_written(project: Path) -> None:
    write_stamp(project / ".venv", stamp(project))
    assert read_stamp(project / ".venv") == stamp(project)


def test_a_stamp_without_its_environment_counts_for_nothing(project: Path) -> None:
    write_stamp(project / ".venv", stamp(project))
    (project / ".venv" / "bin" / "acdc").unlink()
    assert read_stamp(project / ".venv") is None


def test_a_broken_stamp_counts_for_nothing(project: Path) -> None:
    (project / ".venv" / "acdc-setup.json").write_text('{"key": ')
    assert read_stamp(project / ".venv") is None


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
    assert why_new(project / ".venv", stamp(project), project, PYTHON) == ""


def test_an_environment_without_a_stamp_is_brought_up_to_date_not_rebuilt(project: Path) -> None:
    assert why_new(project / ".venv", None, project, PYTHON) == ""


def test_an_environment_of_a_moved_project_is_rebuilt(project: Path) -> None:
    elsewhere = Stamp("", "cpu", (), PYTHON, "/elsewhere")
    assert "moved here from /elsewhere" in why_new(project / ".venv", elsewhere, project, PYTHON)


def test_an_environment_whose_python_is_gone_is_rebuilt(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert "does not run" in why_new(project / ".venv", None, project, PYTHON)


def test_an_environment_of_another_python_is_not_thrown_away_unasked(project: Path) -> None:
    with pytest.raises(SetupError, match=r"rm -r \.venv"):
        why_new(project / ".venv", None, project, "3.99")


def test_an_up_to_date_environment_is_left_alone_in_silence(project: Path) -> None:
    write_stamp(project / ".venv", stamp(project))
    before = sorted(project.rglob("*"))
    command = [sys.executable, "-m", "setup.environment"]
    shutil.copytree(ROOT / "setup", project / "setup", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([*command], cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    made = {path.name for path in project.rglob("*") if path not in before and "setup" not in path.parts}
    assert made <= {"setup", "config.local"}


def test_an_unknown_extra_is_refused_with_those_there_are() -> None:
    with pytest.raises(SetupError, match="there is no cuda; there are embed, gpu, merge, ray"):
        wanted_extras("cuda", (), SETTINGS)


def test_extras_that_are_there_stay() -> None:
    assert wanted_extras("merge", ("embed",), SETTINGS) == ("embed", "merge")


def test_groups_include_groups() -> None:
    assert group({"dev": ["a", {"include-group": "more"}], "more": ["b>1"]}, "dev") == ["a", "b>1"]


def test_the_versions_beside_vllm_replace_the_others() -> None:
    pins = override_pins("a==1\nnumpy==2.4.6\nb==2\n", "# why\nnumpy==2.3.5\n")
    assert pinned(pins, "numpy") == "2.3.5"
    assert pins.count("numpy") == 1


def test_every_dependency_of_the_project_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    names = [
        line.partition("[")[0]
        for line in SETTINGS["project"]["dependencies"] + group(SETTINGS["dependency-groups"], "dev")
    ]
    for name in names:
        for mark in "<>=; ":
            name = name.partition(mark)[0]
        assert pinned(pins, name.lower().replace("_", "-"))


def test_pins_are_exact_and_name_no_place_and_no_build() -> None:
    for name in ("constraints.txt", "constraints-vllm.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert line.startswith("#") or ("==" in line and "/" not in line and "+" not in line)


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
