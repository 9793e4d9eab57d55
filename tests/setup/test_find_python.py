"""Which Python `make setup` runs with, tried with a PATH that holds nothing but stand-ins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "setup" / "find_python.sh"
OLD = "#!/bin/sh\nexit 1\n"
RECENT = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
BARE = f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    return tmp_path


def find(place: Path, python: str = "") -> "subprocess.CompletedProcess[str]":
    variables = {**os.environ, "PATH": str(place / "bin"), "PYTHON": python}
    return subprocess.run(
        ["/bin/sh", str(SCRIPT)], cwd=place, env=variables, capture_output=True, text=True, check=False
    )


def put(place: Path, name: str, script: str) -> None:
    file = place / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(script)
    file.chmod(0o755)


def test_python3_is_taken_where_it_is_recent(place: Path) -> None:
    put(place, "bin/python3", RECENT)
    put(place, "bin/python3.13", RECENT)
    assert find(place).stdout == "python3\n"


def test_a_newer_one_is_taken_where_python3_is_old(place: Path) -> None:
    put(place, "bin/python3", OLD)
    put(place, "bin/python3.12", RECENT)
    assert find(place).stdout == "python3.12\n"


def test_the_environments_own_python_is_taken_where_there_is_one(place: Path) -> None:
    put(place, ".venv/bin/python", RECENT)
    put(place, "bin/python3", RECENT)
    assert find(place).stdout == ".venv/bin/python\n"


def test_the_one_that_is_asked_for_wins(place: Path) -> None:
    put(place, "bin/python3", RECENT)
    put(place, "bin/mine", RECENT)
    assert find(place, "mine").stdout == "mine\n"


def test_one_that_is_asked_for_and_too_old_is_refused(place: Path) -> None:
    put(place, "bin/mine", OLD)
    done = find(place, "mine")
    assert done.returncode == 5
    assert "PYTHON=mine" in done.stderr


def test_one_that_is_asked_for_may_lie_in_a_folder_with_a_space(place: Path) -> None:
    put(place, "my folder/python", RECENT)
    assert find(place, "my folder/python").stdout == "my folder/python\n"


def test_one_that_is_asked_for_and_cannot_make_environments_is_refused(place: Path) -> None:
    put(place, "bin/mine", BARE)
    put(place, "bin/python3", RECENT)
    done = find(place, "mine")
    assert done.returncode == 5
    assert "mine cannot make virtual environments" in done.stderr


def test_one_that_cannot_make_environments_is_passed_over(place: Path) -> None:
    put(place, "bin/python3", BARE)
    put(place, "bin/python3.11", RECENT)
    assert find(place).stdout == "python3.11\n"


def test_one_that_cannot_make_environments_will_do_where_uv_is(place: Path) -> None:
    put(place, "bin/python3", BARE)
    put(place, "bin/uv", OLD)
    assert find(place).stdout == "python3\n"


def test_on_debian_the_missing_package_is_named(place: Path) -> None:
    put(place, "bin/python3", BARE)
    put(place, "bin/apt-get", OLD)
    done = find(place)
    assert done.returncode == 5
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt-get install -y python{version}-venv" in done.stderr


def test_without_any_the_line_that_installs_one_is_printed(place: Path) -> None:
    done = find(place)
    assert done.returncode == 5
    assert "https://astral.sh/uv/install.sh" in done.stderr
