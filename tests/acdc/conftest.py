"""A family that is trained for seconds only: weak, but some of its answers are right."""

from pathlib import Path

import pytest

BRIEF = {"base_steps": 80, "tune_steps": 20, "big_steps": 20, "measured_items": 2}


@pytest.fixture(scope="session")
def brief_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory ``models`` with the embedded family, hardly trained."""
    from acdc.tiny.family import train_family
    from acdc.tiny.settings import TinySettings

    models = tmp_path_factory.mktemp("brief") / "models"
    train_family(TinySettings.model_validate(BRIEF), models / "tiny")
    return models


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, brief_models: Path) -> Path:
    """A root with a finished run of two generations, and in ``commits.json`` how many transactions it took."""
    from acdc.config.config import load
    from tests.acdc.small_runs import PARAMS, SMALL, run

    root = tmp_path_factory.mktemp("small-run")
    code, commits = run(load(PARAMS, [*SMALL, "presets.tiny.generations=2"]), root, brief_models)
    assert code == 0
    (root / "commits.json").write_text(str(commits))
    return root
