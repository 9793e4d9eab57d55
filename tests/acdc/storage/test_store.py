"""The store keeps what was committed, nothing else, and equal contents are equal bytes."""

import sqlite3
from pathlib import Path

import pytest

from acdc.errors import InputError
from acdc.storage.run_directory import set_aside_if_other
from acdc.storage.store import Cell, Generation, RunStore


def cell(individual: str, task: str, verdict: str = "pass") -> Cell:
    return Cell(individual, task, "1", verdict, 1.0, None, None, "reply", "stop", 3)


def fill(store: RunStore, order: list[str]) -> None:
    with store.transaction():
        for created, name in enumerate(sorted(order)):
            store.add_individual(created, name, 0, "{}", "hash")
        store.add_tasks([("t0001", 0, "{}"), ("t0000", 0, "{}")])
        store.add_pool(0, "{}", "[]", {})
    for name in order:
        store.put_cells([cell(name, "t0001"), cell(name, "t0000")])
    store.add_generation(Generation(0, tuple(sorted(order)), (), {"coverage": 0.5}))


def test_stores_filled_in_another_order_are_equal_in_bytes(tmp_path: Path) -> None:
    contents = []
    for name, order in (("a", ["x", "y", "z"]), ("b", ["z", "x", "y"])):
        store = RunStore.create_or_resume(tmp_path / name, "settings")
        fill(store, order)
        contents.append(store.finish().read_bytes())
    assert contents[0] == contents[1]


def test_reading_a_finished_run_leaves_nothing_behind(tmp_path: Path) -> None:
    store = RunStore.create_or_resume(tmp_path, "settings")
    fill(store, ["x"])
    store.finish()
    before = sorted(path.name for path in tmp_path.iterdir())
    with RunStore.read(tmp_path) as read:
        assert [c.task for c in read.cells("x")] == ["t0000", "t0001"]
        assert read.generations()[0].archive == ("x",)
    assert sorted(path.name for path in tmp_path.iterdir()) == before == ["run.sqlite"]


def test_a_finished_run_that_is_extended_keeps_its_contents(tmp_path: Path) -> None:
    store = RunStore.create_or_resume(tmp_path, "settings")
    fill(store, ["x"])
    store.finish()
    again = RunStore.create_or_resume(tmp_path, "settings")
    again.add_generation(Generation(1, ("x",), (), {}))
    again.finish()
    with RunStore.read(tmp_path) as read:
        assert [row.generation for row in read.generations()] == [0, 1]


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = RunStore.create_or_resume(tmp_path, "settings")

    def half() -> None:
        with store.transaction():
            store.set_meta("half", "done")
            raise InputError("in the middle")

    with pytest.raises(InputError):
        half()
    assert store.meta("half") is None
    store.close()


def test_a_missing_cell_gives_way_to_a_later_result(tmp_path: Path) -> None:
    store = RunStore.create_or_resume(tmp_path, "settings")
    store.put_cells([cell("x", "t", "missing")])
    store.put_cells([cell("x", "t", "fail")])
    assert [c.verdict for c in store.cells()] == ["fail"]
    store.close()


def test_a_run_of_other_settings_is_set_aside_and_never_mixed(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "acdc" / "seed-0"
    store = RunStore.create_or_resume(run, "one")
    fill(store, ["x"])
    store.finish()
    assert set_aside_if_other(run, "one", tmp_path / "old") is None
    moved = set_aside_if_other(run, "two", tmp_path / "old")
    assert moved is not None
    assert moved.reason == "of other settings"
    assert (moved.path / "run.sqlite").is_file()
    assert not (run / "run.sqlite").exists()
    fresh = RunStore.create_or_resume(run, "two")
    assert fresh.cells() == []
    fresh.close()


def test_a_damaged_store_is_set_aside(tmp_path: Path) -> None:
    run = tmp_path / "acdc" / "seed-0"
    run.mkdir(parents=True)
    (run / "live.sqlite").write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    for damage in range(3):  # numbers go on where one was deleted
        moved = set_aside_if_other(run, "one", tmp_path / "old")
        assert moved is not None
        assert moved.reason == "damaged"
        if damage == 0:
            (run / "live.sqlite").write_bytes(b"rubbish")
        if damage == 1:
            (tmp_path / "old" / "acdc-seed-0-1" / "live.sqlite").unlink()
            (tmp_path / "old" / "acdc-seed-0-1").rmdir()
            (run / "live.sqlite").write_bytes(b"rubbish")


def test_reading_says_what_to_do_when_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="acdc evolve"):
        RunStore.read(tmp_path)
    store = RunStore.create_or_resume(tmp_path, "settings")
    store.close()
    with pytest.raises(InputError, match="not finished"):
        RunStore.read(tmp_path)


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    store = RunStore.create_or_resume(tmp_path, "settings")
    store.finish()
    path = tmp_path / "run.sqlite"
    path.chmod(0o644)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'store_version'")
    db.close()
    with pytest.raises(InputError, match="version 99"):
        RunStore.read(tmp_path)
