"""The doctor looks at the real machine; what cannot be had here is checked on the functions that judge it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from acdc.doctor import Check, as_json, as_text, examine, healthy
from acdc.doctor.confinement import absent_layers
from acdc.doctor.hardware import free_disk
from acdc.doctor.software import dvc, endpoint, python, settings

ROOT = Path(__file__).parents[3]
NEEDED = Check("sandbox", "missing", "none", "do this", needed=True)
OPTIONAL = Check("ray", "missing", "optional", "do that")


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    return list(examine(ROOT))


def test_every_part_that_a_run_needs_is_looked_at(checks: list[Check]) -> None:
    needed = {check.name for check in checks if check.needed}
    assert needed >= {"Python", "torch", "packages", "settings", "sandbox", "DVC"}


def test_everything_that_is_not_there_comes_with_a_way_to_get_it(checks: list[Check]) -> None:
    assert all(check.fix for check in checks if check.state == "missing")


def test_names_of_layers_in_force_are_shown(checks: list[Check]) -> None:
    box = next(check for check in checks if check.name == "sandbox")
    assert box.state == "missing" or "seccomp" in box.detail


def test_only_what_is_needed_decides_about_health() -> None:
    assert healthy([OPTIONAL])
    assert not healthy([OPTIONAL, NEEDED])


def test_a_check_that_fails_says_how_to_fix_it_on_a_line_of_its_own() -> None:
    assert as_text(NEEDED).splitlines()[1].strip() == "→ do this"


def test_json_holds_every_check_and_the_verdict() -> None:
    report = json.loads(as_json([NEEDED, OPTIONAL]))
    assert report["healthy"] is False
    assert [check["name"] for check in report["checks"]] == ["sandbox", "ray"]


def test_an_old_python_is_not_enough() -> None:
    assert python((3, 10, 13)).state == "missing"
    assert python((3, 11, 0)).state == "ok"


def test_little_disk_is_a_warning_not_a_refusal() -> None:
    assert free_disk(2**30).state == "warn"
    assert free_disk(2**33).state == "ok"


def test_a_key_is_never_shown() -> None:
    check = endpoint({"OPENAI_API_KEY": "sk-secret", "OPENAI_BASE_URL": "http://localhost:8000/v1"})
    assert check.state == "ok"
    assert "sk-secret" not in as_text(check)


def test_an_address_without_a_key_is_a_warning() -> None:
    assert endpoint({"OPENAI_BASE_URL": "http://localhost:8000/v1"}).state == "warn"


def test_all_layers_in_force_leave_nothing_to_say() -> None:
    assert absent_layers(("sandlock", "no-rights", "no-new-privs", "landlock-7", "seccomp", "rlimits")) == []


def test_a_bare_worker_names_what_could_be_around_it() -> None:
    named = [name for name, _ in absent_layers(("no-new-privs", "seccomp", "rlimits"))]
    assert named == ["an outer layer", "Landlock", "namespaces"]


def test_a_directory_without_dvc_is_told_apart(tmp_path: Path) -> None:
    assert "no DVC repository" in dvc(tmp_path).detail


def test_an_archive_without_git_works_once_dvc_has_been_told(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").touch()
    assert dvc(tmp_path).state == "missing"
    (tmp_path / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    assert dvc(tmp_path).state == "ok"


def test_wrong_settings_are_found(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("selekted: {}\n")
    check = settings(tmp_path)
    assert check.state == "missing"
    assert "selekted" in check.detail


def test_the_command_fails_with_5_where_the_family_could_not_run(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from acdc.cli import main; main(['doctor', '--json'])"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert json.loads(done.stdout)["healthy"] is False
    assert "settings" in done.stderr
