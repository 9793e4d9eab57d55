"""What another terminal sees of a run."""

import time
from pathlib import Path

from acdc.cli.status import describe
from acdc.storage.journal import Journal
from acdc.storage.lock import hold
from acdc.storage.store import RunStore


def journal(directory: Path) -> None:
    diary = Journal(directory)
    diary.begin(generations=10)
    for number in range(3):
        diary.note("examined", answers=100, tokens=700)
        diary.note("generation", number=number, coverage=0.5, best_fitness=0.2)
        time.sleep(0.01)
    diary.close()


def test_a_run_at_work_has_progress_and_an_eta(tmp_path: Path) -> None:
    journal(tmp_path)
    with hold(tmp_path):
        row = describe(tmp_path)
    assert (row.generation, row.generations) == (2, 10)
    assert (row.answers, row.tokens) == (300, 2100)


def test_a_run_without_a_process_is_stopped_or_finished(tmp_path: Path) -> None:
    journal(tmp_path)
    assert describe(tmp_path).state == "stopped"
    assert describe(tmp_path).eta_seconds is None
    RunStore.create_or_resume(tmp_path, "settings").finish()
    assert describe(tmp_path).state == "finished"
