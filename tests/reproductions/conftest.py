"""A made-up project, written once."""

from pathlib import Path

import pytest

from acdc.storage.layout import Layout
from tests.reproductions import world

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    root = tmp_path_factory.mktemp("project")
    (root / "params.yaml").write_bytes(PARAMS.read_bytes())
    return world.project(root, generations=12)


@pytest.fixture(scope="session")
def page(project: Layout) -> str:
    """The report of the made-up project."""
    from acdc.config.config import load
    from reproductions.report.page import write_report

    return write_report(load(PARAMS), project, ["tiny"])[0].read_text(encoding="utf-8")
