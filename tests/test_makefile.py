"""The Makefile says what it can do, and every target sets up what it needs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = (
    "setup",
    "reproduce",
    "verify",
    "test",
    "test-vllm",
    "smoke",
    "same",
    "study",
    "lint",
    "format",
    "bench",
    "clean",
)


def make(*arguments: str, place: Path = ROOT, typed: str = "") -> "subprocess.CompletedProcess[str]":
    # A make above this one (`make test`) hands its flags down; they are not what is tested.
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "-f", str(ROOT / "Makefile"), *arguments]
    return subprocess.run(
        command, cwd=place, env=variables, input=typed, capture_output=True, text=True, check=False
    )


def test_make_alone_prints_every_target_with_a_line() -> None:
    lines = make(place=ROOT).stdout.splitlines()
    for target in TARGETS:
        line = next(line for line in lines if line.startswith(f"make {target} "))
        assert len(line.split()) > 4


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "clean"])
def test_every_target_sets_up_first(target: str) -> None:
    done = make("-n", target)
    assert done.returncode == 0, done.stderr
    assert "setup/find_python.sh" in done.stdout


def test_tests_run_in_the_number_of_processes_that_is_asked_for() -> None:
    assert "pytest -n 3 " in make("-n", "test", "WORKERS=3").stdout


def test_a_familys_name_reproduces_that_family() -> None:
    assert (
        ".venv/bin/acdc reproduce qwen2 --dry-run"
        in make("-n", "reproduce", "FAMILY=qwen2", "ARGS=--dry-run").stdout
    )
    assert 'if [ -n "" ]' in make("-n", "reproduce").stdout


def test_the_four_settings_run_on_the_small_pipeline_or_on_the_whole_one() -> None:
    assert "--full" not in make("-n", "same").stdout
    assert (
        ".venv/bin/acdc same --full --settings avx2"
        in make("-n", "same", "FULL=1", "ARGS=--settings avx2").stdout
    )


def test_torch_is_handed_to_the_setup() -> None:
    assert '--torch "cuda"' in make("-n", "setup", "TORCH=cuda").stdout


def test_the_pipeline_runs_with_one_thread_and_sends_no_reports() -> None:
    printed = make("-n", "-p", "reproduce").stdout
    assert "OMP_NUM_THREADS := 1" in printed
    assert "DVC_NO_ANALYTICS := 1" in printed


def test_the_hooks_of_git_run_the_tools_of_the_environment_and_fetch_nothing() -> None:
    lines = [line.strip() for line in (ROOT / ".pre-commit-config.yaml").read_text().splitlines()]
    assert [line for line in lines if line.startswith("- repo:")] == ["- repo: local"]
    entries = [line for line in lines if line.startswith("entry:")]
    assert len(entries) == lines.count("language: system") == 5
    for entry in entries:
        assert (ROOT / entry.split()[1]).is_file()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    for name in ("runs/tiny", "models/tiny", ".venv/bin", "acdc"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "metrics.json").touch()
    shutil.copy(ROOT / ".gitignore", tmp_path)
    return tmp_path


def test_clean_asks_before_it_removes_anything(made: Path) -> None:
    done = make("clean", place=made, typed="n\n")
    assert done.returncode != 0
    assert (made / "runs" / "tiny").is_dir()


def test_clean_without_a_person_to_ask_keeps_everything(made: Path) -> None:
    make("clean", place=made)
    assert (made / "runs" / "tiny").is_dir()


def test_clean_removes_what_the_pipeline_made_and_nothing_else(made: Path) -> None:
    assert make("clean", place=made, typed="y\n").returncode == 0
    assert sorted(path.name for path in made.iterdir()) == [".gitignore", ".venv", "acdc"]


def test_clean_has_nothing_to_do_where_nothing_was_made(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    assert "Nothing to remove" in make("clean", place=tmp_path).stdout
