"""`acdc rebuild` on a finished run."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from acdc.cli import app as cli
from acdc.storage.store import RunStore
from acdc.weights.shards import StoredWeights
from acdc.weights.tensors import weights_hash
from tests.acdc.small_runs import PARAMS

RUN = "runs/tiny/acdc/seed-0"


@pytest.fixture
def root(small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(small_run / "runs", tmp_path / "runs")
    (tmp_path / "models").symlink_to(small_run / "models")
    shutil.copy(PARAMS, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dead(root: Path) -> tuple[str, str]:
    """A child that is in no archive any more: its id and its hash."""
    with RunStore.read(root / RUN) as store:
        alive = {id for row in store.generations() for id in row.archive}
        gone = [
            (id, hash_) for _, id, created, _, hash_, _ in store.individuals() if created and id not in alive
        ]
    return gone[-1]


def test_the_dead_are_made_again_to_the_same_hash(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    id, hash_ = dead(root)
    assert cli.run(["rebuild", id, "--run", RUN, "--to", "again", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["weights_hash"], told["to"]) == (id, hash_, "again")
    assert weights_hash(StoredWeights(root / "again")) == hash_
    assert cli.run(["rebuild", id, "--run", RUN, "--to", "again"]) == 2
    assert "exists already" in capsys.readouterr().err


def test_without_a_directory_only_the_hash_is_compared(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(root.rglob("*"))
    assert cli.run(["rebuild", dead(root)[0]]) == 0
    assert "as the run says; nothing was written" in capsys.readouterr().out
    assert sorted(root.rglob("*")) == before


def test_another_hash_is_an_error_and_nothing_is_left(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    id, _ = dead(root)
    path = root / RUN / "run.sqlite"
    path.chmod(0o600)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE individuals SET weights_hash = ? WHERE id = ?", ("0" * 32, id))
    db.close()
    assert cli.run(["rebuild", id, "--run", RUN, "--to", "again"]) == 5
    assert "rebuilt from its recipe, has other weights" in capsys.readouterr().err
    assert not list(root.glob("*again*"))


@pytest.mark.parametrize(
    ("id", "message"), [("g999c99", "no individual 'g999c99'"), ("general", "general is a seed")]
)
def test_who_never_was_bred_is_bad_input(
    root: Path, capsys: pytest.CaptureFixture[str], id: str, message: str
) -> None:
    assert cli.run(["rebuild", id, "--run", RUN]) == 2
    assert message in capsys.readouterr().err
