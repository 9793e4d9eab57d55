"""A run of evolution on a real cluster has the bytes of a local one, whoever of its workers dies when."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acdc.config.config import load
from acdc.errors import InfrastructureError
from acdc.runs.run import evolve_run
from acdc.storage.journal import events
from acdc.storage.layout import Layout
from tests.acdc.executors.test_ray import workers_at
from tests.acdc.small_runs import PARAMS, SMALL

SMALLER = ["presets.tiny.generations=1", "presets.tiny.population=5", "presets.tiny.tasks.interval=1"]
RUN = "runs/tiny/acdc/seed-0"


def evolve(
    root: Path, models: Path, *overrides: str, on_commit: Callable[[], None] | None = None
) -> list[dict[str, Any]]:
    """Evolve a generation in this process; what was reported."""
    root.mkdir(exist_ok=True)
    if not (root / "models").exists():
        (root / "models").symlink_to(models)
    reported: list[dict[str, Any]] = []
    config = load(PARAMS, [*SMALL, *SMALLER, *overrides])
    evolve_run(
        config,
        Layout(root),
        config.run_spec("tiny", "acdc", 0),
        report=lambda **event: reported.append(event),
        on_commit=on_commit,
    )
    return reported


@pytest.fixture(scope="module")
def local(brief_models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, int]:
    """Bytes of the finished store, and how many commits it took."""
    root, commits = tmp_path_factory.mktemp("local"), list[None]()
    evolve(root, brief_models, on_commit=lambda: commits.append(None))
    return (root / RUN / "run.sqlite").read_bytes(), len(commits)


class KillAWorker:
    """Kills a worker at the k-th commit, in the middle of a generation: one that answers for somebody, if there is one."""

    def __init__(self, at: int) -> None:
        self._at, self.commits, self.killed = at, 0, 0

    def __call__(self) -> None:
        self.commits += 1
        if self.commits == self._at:
            self.killed = (workers_at("request_batch") or workers_at(""))[0]
            os.kill(self.killed, signal.SIGKILL)


@pytest.mark.usefixtures("ray_cluster")
def test_a_run_on_two_workers_one_of_which_is_killed_has_the_bytes_of_a_local_one(
    local: tuple[bytes, int], brief_models: Path, tmp_path: Path
) -> None:
    kill = KillAWorker(at=2 * local[1] // 3)
    reported = evolve(tmp_path, brief_models, "executor.kind=ray", "executor.workers=2", on_commit=kill)
    assert kill.killed
    assert (tmp_path / RUN / "run.sqlite").read_bytes() == local[0]
    (loss,) = [detail for _, _, _, detail in events(tmp_path / RUN, "worker lost")]
    assert f"process {kill.killed}" in loss["worker"]
    assert len([event for event in reported if "was lost" in event.get("line", "")]) == 1


@pytest.mark.usefixtures("ray_cluster")
def test_a_run_that_lost_all_workers_goes_on_where_it_was_even_without_a_cluster(
    local: tuple[bytes, int], brief_models: Path, tmp_path: Path
) -> None:
    one = ("executor.kind=ray", "executor.workers=1", "executor.max_restarts=0")
    with pytest.raises(InfrastructureError, match="no worker is left"):
        evolve(tmp_path, brief_models, *one, on_commit=KillAWorker(at=local[1] // 2))
    evolve(tmp_path, brief_models)
    assert (tmp_path / RUN / "run.sqlite").read_bytes() == local[0]
    assert len(events(tmp_path / RUN, "begin")) == 2
