"""A whole run with a crossover of mergekit's."""

import importlib.metadata
import shutil
import signal
from pathlib import Path

import pytest

from acdc.cli import app as cli
from acdc.config.config import load
from acdc.storage.store import RunStore
from tests.acdc.small_runs import PARAMS, SMALL, run


def test_without_the_extra_nothing_is_written_and_the_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("acdc.variation.mergekit_methods.version", absent)
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, tmp_path)
    assert cli.run(["evolve", "tiny", "acdc", "-S", "presets.tiny.crossover.kind=slerp"]) == 2
    assert "extra 'merge'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_a_run_with_dare_ties_ends_with_the_same_bytes_whether_it_was_killed_or_not(
    brief_models: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mergekit", reason="the extra 'merge' is not installed")
    config = load(
        PARAMS,
        [*SMALL, "presets.tiny.generations=2", "presets.tiny.crossover={kind: dare_ties, density: 0.3}"],
    )
    code, commits = run(config, tmp_path / "whole", brief_models)
    assert code == 0
    assert commits is not None
    assert run(config, tmp_path / "killed", brief_models, kill_at=commits - 4)[0] == -signal.SIGKILL
    assert run(config, tmp_path / "killed", brief_models)[0] == 0
    store = Path("runs/tiny/acdc/seed-0/run.sqlite")
    assert (tmp_path / "whole" / store).read_bytes() == (tmp_path / "killed" / store).read_bytes()
    with RunStore.read((tmp_path / "whole" / store).parent) as found:
        recipes = [recipe for _, _, generation, recipe, _, _ in found.individuals() if generation]
        assert recipes
        assert all('"density":0.3' in recipe and '"dare_ties"' in recipe for recipe in recipes)
        assert "mergekit 0.1" in (found.meta("run") or "")
