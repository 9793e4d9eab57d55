"""A run whose models are too large for the memory it is granted: everything goes through shards, to the same bytes."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from acdc.config.config import load
from acdc.storage.store import RunStore
from acdc.weights.tensors import weights_hash
from tests.acdc.small_runs import PARAMS, SMALL, run

SHORT = [*SMALL, "presets.tiny.generations=2"]
RUN = Path("runs/tiny/acdc/seed-0")


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory, brief_models: Path) -> Path:
    root = tmp_path_factory.mktemp("streamed")
    assert run(load(PARAMS, [*SHORT, "executor.memory_gigabytes=1e-6"]), root, brief_models)[0] == 0
    return root


def test_a_run_that_streams_ends_with_the_bytes_of_one_in_memory(streamed: Path, small_run: Path) -> None:
    assert (streamed / RUN / "run.sqlite").read_bytes() == (small_run / RUN / "run.sqlite").read_bytes()


def test_only_candidates_are_left_on_disk_and_are_who_they_should_be(streamed: Path, small_run: Path) -> None:
    from acdc.weights.shards import StoredWeights

    kept = streamed / RUN / "weights"
    with RunStore.read(streamed / RUN) as store:
        hashes = {id: hash_ for _, id, _, _, hash_, _ in store.individuals()}
        archives = {id for row in store.generations() for id in row.archive if row.generation in (0, 2)}
    children = {id for id in archives if id.startswith("g0")}
    assert {path.name for path in kept.iterdir()} == {*children, "candidates.json"}
    assert {path.stem for path in (small_run / RUN / "weights").glob("*.safetensors")} == children
    assert {id: weights_hash(StoredWeights(kept / id)) for id in children} == {
        id: hashes[id] for id in children
    }


@pytest.mark.parametrize("keep", ["archive", "none"])
def test_shards_may_be_lost_damaged_or_not_kept_and_a_kill_leaves_no_rubbish(
    keep: str, small_run: Path, brief_models: Path, tmp_path: Path
) -> None:
    config = load(PARAMS, [*SHORT, "executor.memory_gigabytes=1e-6", f"presets.tiny.keep_weights={keep}"])
    events = json.loads((small_run / "commits.json").read_text())
    assert run(config, tmp_path, brief_models, kill_at=events - 6)[0] == -signal.SIGKILL
    kept = tmp_path / RUN / "weights"
    (kept / ".g009c00.1.tmp").mkdir(parents=True, exist_ok=True)
    staged = sorted(path for path in kept.iterdir() if not path.name.startswith("."))
    assert staged
    shutil.rmtree(staged[0])
    for path in staged[1:2]:
        (path / "model.safetensors").write_bytes(b"short")
    assert run(config, tmp_path, brief_models)[0] == 0
    assert (tmp_path / RUN / "run.sqlite").read_bytes() == (small_run / RUN / "run.sqlite").read_bytes()
    left = {path.name for path in kept.iterdir()}
    assert not any(name.startswith(".") for name in left)
    assert bool(left) == (keep == "archive")
