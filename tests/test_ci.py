"""`.ci/run` goes on after a failure, counts in its last line, and fails if anything failed: tried with a stand-in for make."""

import os
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / ".ci" / "run"


def run(place: Path, make: str) -> "subprocess.CompletedProcess[str]":
    for name, script in (("make", make), ("chromium", "exit 0")):
        file = place / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    variables = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}"}
    return subprocess.run([str(RUN)], env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("make", "last"),
    [
        (
            '[ $1 = test ] && echo "=== 10 passed, 2 skipped in 3.20s ==="; exit 0',
            "14 passed, 0 failed, 2 skipped",
        ),
        (
            '[ $1 = test ] && echo "=== 3 failed, 7 passed, 1 error in 3.20s ===" && exit 2; exit 0',
            "11 passed, 4 failed, 0 skipped",
        ),
        ('[ $1 = test ] && echo "=== 10 passed in 3s ==="; [ $1 != lint ]', "13 passed, 1 failed, 0 skipped"),
        (
            '[ $1 = test ] && echo "=== 10 passed in 3s ==="; [ $1 != reproduce ]',
            "13 passed, 1 failed, 0 skipped",
        ),
        (
            '[ $1 = test ] && echo "=== 10 passed in 3s ==="; [ $1 != verify ]',
            "13 passed, 1 failed, 0 skipped",
        ),
        (
            'case $1 in test*) echo "=== 10 passed, 1 failed in 3s ==="; exit 1;; esac',
            "34 passed, 3 failed, 0 skipped",
        ),
        ('[ $1 = test ] && echo "=== 10 passed in 3s ==="; [ $1 != same ]', "13 passed, 1 failed, 0 skipped"),
        ("[ $1 != test ]", "4 passed, 1 failed, 0 skipped"),
        ("[ $1 != setup ]", "0 passed, 1 failed"),
    ],
    ids=[
        "all well",
        "tests",
        "lint",
        "pipeline",
        "expected numbers",
        "four settings",
        "engines and cluster",
        "no tests at all",
        "no environment",
    ],
)
def test_the_last_line_counts_what_passed_and_the_exit_code_says_whether_anything_failed(
    tmp_path: Path, make: str, last: str
) -> None:
    done = run(tmp_path, make)
    assert done.stdout.splitlines()[-1] == last
    assert (done.returncode == 0) == (" 0 failed" in last)


def test_a_failure_does_not_keep_the_rest_from_running(tmp_path: Path) -> None:
    done = run(tmp_path, f'echo "$1" >> {tmp_path}/called; [ $1 = setup ]')
    assert done.returncode != 0
    assert (tmp_path / "called").read_text().split() == [
        *["setup", "lint", "test", "reproduce", "verify", "same"],
        *["test-vllm", "test-ray"],
    ]
