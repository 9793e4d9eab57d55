"""A whole run whose vLLM is killed in the middle: the command ends with 5, nothing is lost, and it goes on."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from acdc.config.config import Config, load
from acdc.parsing.yaml import read_yaml, write_yaml
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore
from tests.acdc.engines.conformance.conftest import need_vllm
from tests.acdc.small_runs import PARAMS, SMALL

FEW = ["presets.tiny.generations=2", "presets.tiny.population=4", "presets.tiny.offspring=2"]


class Killer:
    """Kills vLLM's processes after the k-th commit of a run's store; 0: never."""

    def __init__(self, kill_at: int) -> None:
        self.commits, self._kill_at = 0, kill_at

    def __call__(self) -> None:
        self.commits += 1
        if self.commits == self._kill_at:
            for process in multiprocessing.active_children():
                process.kill()
                process.join()


def config(folder: Path, **engine: Any) -> Config:
    settings = read_yaml(PARAMS.read_text())
    settings["engine"] = {"kind": "vllm", "cache_gib": 0.25, **engine}
    file = folder / "params.yaml"
    file.write_text(write_yaml(settings))
    return load(file, [*SMALL, *FEW])


def evolve(config: Config, root: Path, killer: Killer) -> None:
    from acdc.runs.run import evolve_run

    evolve_run(
        config, Layout(root), config.run_spec("tiny", "acdc", 0), report=lambda **_: None, on_commit=killer
    )


# What a killed process leaves open on our side, vLLM leaves to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_run_whose_vllm_dies_goes_on_to_the_cells_of_one_that_never_did(
    family: Path, tmp_path: Path
) -> None:
    from acdc.errors import InfrastructureError

    need_vllm()
    roots = {name: tmp_path / name for name in ("whole", "killed")}
    for root in roots.values():
        root.mkdir()
        (root / "models").symlink_to(family)
    never = Killer(0)
    evolve(config(roots["whole"]), roots["whole"], never)
    killed = Killer(never.commits // 2)
    with pytest.raises(InfrastructureError, match="vLLM died"):
        evolve(config(roots["killed"], process="own"), roots["killed"], killed)
    evolve(config(roots["killed"]), roots["killed"], Killer(0))
    found = {}
    for name, root in roots.items():
        with RunStore.read(root / "runs/tiny/acdc/seed-0") as store:
            found[name] = {(c.individual, c.task, c.example): c.reply for c in store.cells()}
            assert all(cell.verdict != "missing" or cell.cause == "task" for cell in store.cells())
    assert found["killed"] == found["whole"]
