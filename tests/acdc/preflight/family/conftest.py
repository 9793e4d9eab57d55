"""A small family in directories, and a hub that serves copies of it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acdc.preflight.family.hub_server import HubServer, Repository

SEEDS = ("general", "code", "math")


@pytest.fixture(scope="session")
def sound_family(tmp_path_factory: pytest.TempPathFactory, save_tiny_model: Callable[..., Path]) -> Path:
    """Directories base, general, code, math, big of one family, each with a licence on its card."""
    home = tmp_path_factory.mktemp("family")
    for seed, name in enumerate(("base", *SEEDS, "big")):
        save_tiny_model(home / name, seed, **({"hidden_size": 64} if name == "big" else {}))
        (home / name / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    return home


@pytest.fixture
def home(sound_family: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(sound_family, tmp_path / "local"))


@pytest.fixture
def hub(home: Path) -> Iterator[HubServer]:
    """A hub that holds the family as lab/base, lab/general and so on."""
    server = HubServer()
    for directory in home.iterdir():
        server.repositories[f"lab/{directory.name}"] = Repository(directory, card={"license": "mit"})
    yield server
    server.close()
