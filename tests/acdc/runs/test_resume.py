"""A run that was killed at any write, twice in a row, ends with the bytes of one that never was.

`ACDC_KILLS` says at how many writes (30 over a whole run is the full test, CI takes fewer); the seed is printed.
"""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from acdc.config.config import Config, load
from acdc.storage.journal import events
from tests.acdc.small_runs import PARAMS, SMALL, run


@pytest.fixture(scope="module")
def small() -> Config:
    return load(PARAMS, SMALL)


@pytest.fixture(scope="module")
def whole(small: Config, brief_models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, int]:
    root = tmp_path_factory.mktemp("whole")
    code, commits = run(small, root, brief_models)
    assert code == 0
    assert commits is not None
    return (root / "runs/tiny/acdc/seed-0/run.sqlite").read_bytes(), commits


def test_a_killed_run_ends_with_the_same_bytes(
    small: Config, whole: tuple[bytes, int], brief_models: Path, tmp_path: Path
) -> None:
    expected, commits = whole
    seed = int(os.environ.get("ACDC_KILL_SEED", "0"))
    count = int(os.environ.get("ACDC_KILLS", "4"))
    kills = sorted(random.Random(seed).sample(range(1, commits + 1), min(count, commits)))
    print(f"ACDC_KILL_SEED={seed}: killed after writes {kills} of {commits}")
    for kill in kills:
        root = tmp_path / f"kill-{kill}"
        assert run(small, root, brief_models, kill_at=kill)[0] == -signal.SIGKILL
        second = random.Random(kill).randint(
            1, 5
        )  # twice in a row; a short rest of the run may end before the second
        assert run(small, root, brief_models, kill_at=second)[0] in (-signal.SIGKILL, 0)
        assert run(small, root, brief_models)[0] == 0
        assert (root / "runs/tiny/acdc/seed-0/run.sqlite").read_bytes() == expected, (
            f"killed after write {kill}"
        )


def test_weights_that_were_kept_may_be_deleted_or_damaged(
    small: Config, whole: tuple[bytes, int], brief_models: Path, tmp_path: Path
) -> None:
    run(small, tmp_path, brief_models, kill_at=whole[1] - 2)
    kept = sorted((tmp_path / "runs/tiny/acdc/seed-0/weights").glob("*.safetensors"))
    assert len(kept) >= 2
    kept[0].unlink()
    kept[1].write_bytes(kept[1].read_bytes()[:100])
    assert run(small, tmp_path, brief_models)[0] == 0
    assert (tmp_path / "runs/tiny/acdc/seed-0/run.sqlite").read_bytes() == whole[0]


def test_a_longer_run_extends_a_shorter_one_to_the_bytes_of_a_fresh_one(
    whole: tuple[bytes, int], brief_models: Path, tmp_path: Path
) -> None:
    shorter = load(PARAMS, [*SMALL, "presets.tiny.generations=3"])
    assert run(shorter, tmp_path, brief_models)[0] == 0
    assert run(load(PARAMS, SMALL), tmp_path, brief_models)[0] == 0
    assert (tmp_path / "runs/tiny/acdc/seed-0/run.sqlite").read_bytes() == whole[0]


def test_a_finished_run_is_not_touched_and_a_changed_one_never_returned(
    small: Config, whole: tuple[bytes, int], brief_models: Path, tmp_path: Path
) -> None:
    store = tmp_path / "runs/tiny/acdc/seed-0/run.sqlite"
    assert run(small, tmp_path, brief_models) == (0, whole[1])
    assert run(small, tmp_path, brief_models) == (0, 0)
    changed = load(PARAMS, [*SMALL, "presets.tiny.mutation.scale=0.05"])
    assert run(changed, tmp_path, brief_models)[0] == 0
    assert store.read_bytes() != whole[0]
    assert (tmp_path / "runs/.old").is_dir()
    assert run(small, tmp_path, brief_models)[0] == 0
    assert store.read_bytes() == whole[0]


def test_the_journal_is_outside_the_store(small: Config, brief_models: Path, tmp_path: Path) -> None:
    run(small, tmp_path, brief_models, kill_at=20)
    run(small, tmp_path, brief_models)
    kinds = [kind for _, _, kind, _ in events(tmp_path / "runs/tiny/acdc/seed-0")]
    assert kinds.count("begin") == 2
    assert kinds.count("finished") == 1
    margins = events(tmp_path / "runs/tiny/acdc/seed-0", "margins")
    assert len(margins) == 1  # the killed process could tell none
    decisions = margins[0][3]["decisions"]
    assert {"greedy token", "pass rate", "gibberish share", "gibberish entropy"} <= decisions.keys()


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk of one's own needs the right to mount")
def test_a_full_disk_ends_with_5_and_loses_nothing(
    whole: tuple[bytes, int], brief_models: Path, tmp_path: Path
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS.read_text())
    (tmp_path / "models").symlink_to(brief_models)
    runs = tmp_path / "runs"
    runs.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=180k", "tmpfs", str(runs)], check=False
    ).returncode:
        pytest.skip("this machine does not let root mount")
    command = [str(Path(sys.executable).with_name("acdc")), "evolve", "tiny", "acdc", "--seed", "0"]
    for override in SMALL:
        command += ["-S", override]
    try:
        full = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert full.returncode == 5, full.stderr
        assert "disk is full" in full.stderr
        subprocess.run(["mount", "-o", "remount,size=50m", str(runs)], check=True)
        again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        assert (runs / "tiny/acdc/seed-0/run.sqlite").read_bytes() == whole[0]
    finally:
        subprocess.run(["umount", str(runs)], check=False)
