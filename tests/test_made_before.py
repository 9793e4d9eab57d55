"""A project that an earlier version made is taken up, evaluated, compared, reported and exported by this one.

`fixtures/before_rooms.tar.gz` was made before the modules moved into rooms: random checkpoints of four models, a finished run of two
generations, the store of a run of three that was killed in its first, task forces, results, the answer cache, and the transcript of a run
whose scientist was behind an endpoint. What version and processor made it is in the runs' journals.
"""

import hashlib
import sqlite3
import tarfile
from pathlib import Path

import pytest

from acdc.cli.app import run
from acdc.runs.other_bits import fingerprint
from acdc.storage.journal import events

FIXTURE = Path(__file__).parent / "fixtures/before_rooms.tar.gz"
RUN = Path("runs/kept/acdc/seed-0")
LONGER = ["-S", "presets.tiny.generations=3"]
LONGER_HASH = "7fc53cf60ff91157711d6c86813d43c69cfb8c5d3fe6aeb299b425272fc85d8b"
TOLD_HASH = "f0b8126774be4715b054c34f41c485382b3a2db08d0249252942caa1f2c337e2"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    assert run(["seeds", "kept"]) == 0
    return tmp_path


def bits_that_made_it() -> set[str]:
    return {detail["bits"] for *_, detail in events(RUN, "begin")}


def assert_store(expected: str) -> None:
    """The store has the recorded bytes; on a machine with other bits, the hashes of children's weights differ."""
    found = hashlib.sha256((RUN / "run.sqlite").read_bytes()).hexdigest()
    if bits_that_made_it() == {fingerprint()}:
        assert found == expected
    assert not Path("runs/.old").exists()


def test_a_finished_run_is_extended_to_the_bytes_of_a_longer_one(project: Path) -> None:
    assert run(["evolve", "kept", "acdc", *LONGER]) == 0
    assert_store(LONGER_HASH)


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(project: Path) -> None:
    (RUN / "run.sqlite").unlink()
    for name in ("live.sqlite", "journal.sqlite"):
        (Path("live") / name).replace(RUN / name)
    assert run(["evolve", "kept", "acdc", *LONGER]) == 0
    assert_store(LONGER_HASH)


def test_a_transcript_replays_to_the_same_bytes(project: Path) -> None:
    (RUN / "run.sqlite").unlink()
    words = ["-S", "scientist.replay=transcript.jsonl", "-S", "presets.tiny.generations=1"]
    assert run(["evolve", "kept", "acdc", *words]) == 0
    assert_store(TOLD_HASH)


def test_cached_answers_are_found_again_and_give_the_same_results(project: Path) -> None:
    before = {path: path.read_bytes() for path in Path("results").rglob("correctness.json")}
    count = "SELECT COUNT(*) FROM answer"
    known = sqlite3.connect("cache/answers.sqlite").execute(count).fetchone()
    assert run(["evaluate", "kept", "acdc"]) == 0
    assert run(["baselines", "kept"]) == 0
    assert {path: path.read_bytes() for path in before} == before
    if bits_that_made_it() == {
        fingerprint()
    }:  # the noisy copy is made anew, and answers lie under the hash of its weights
        assert sqlite3.connect("cache/answers.sqlite").execute(count).fetchone() == known


def test_old_results_are_compared_and_reported(project: Path) -> None:
    assert run(["compare"]) == 0
    assert run(["audit-paper"]) == 0
    assert run(["audit"]) == 0
    assert run(["report"]) == 0
    assert "kept" in Path("report/index.html").read_text(encoding="utf-8")


def test_a_child_whose_weights_were_not_kept_is_exported(project: Path) -> None:
    assert run(["export", "g002c00", "--run", str(RUN), "--to", "exported"]) == 0
    assert (Path("exported") / "model.safetensors").is_file()
