"""A run goes on where last bits differ, as long as no answer differs."""

import functools
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from acdc.config.config import load
from acdc.errors import InfrastructureError
from acdc.families.family import resolve
from acdc.population.population import Population
from acdc.runs.assembly import engine_of, founders_of
from acdc.runs.other_bits import CANARIES, OtherBits, canaries, fingerprint, made_here
from acdc.storage.journal import Journal
from acdc.storage.store import Cell, RunStore
from tests import small_project

CHILD = small_project.GRANDCHILD


class Project:
    """A finished run whose child is recorded with another hash than this machine makes."""

    def __init__(self, root: Path, save_tiny_model: Callable[..., Path]) -> None:
        self.run = small_project.make(root, save_tiny_model)
        config = load(root / "params.yaml")
        family = resolve("mine", config.family("mine"), root / "models")
        self.founders = founders_of(family)
        self.open_engine = functools.partial(engine_of, config, family)
        self.lines: list[str] = []

    def change(self, statement: str, *values: str) -> None:
        with sqlite3.connect(self.run / "run.sqlite") as db:
            db.execute(statement, values)

    def answer_truly(self) -> None:
        """Replace the made-up replies of the child by what its weights really answer."""
        with RunStore.read(self.run) as store:
            weights = Population(self.founders, store, self.run / "weights", "none").weights(CHILD)
            cells = store.cells(CHILD)
            tasks = {id: json.loads(document) for id, _, document in store.tasks()}
        from acdc.engines.engine import Request, Sampling

        engine = self.open_engine()
        engine.load(weights, "x")
        for cell in cells:
            [example] = tasks[cell.task]["examples"]
            prompt = engine.chat(example["instructions"], "Be brief.")
            [answer] = engine.generate([Request(prompt)], Sampling(max_new_tokens=12))
            self.change(
                "UPDATE cells SET reply = ? WHERE individual = ? AND task = ?", answer.text, CHILD, cell.task
            )
        engine.close()

    def weights(self) -> None:
        with RunStore.read(self.run) as store:
            other_bits = OtherBits(store, self.open_engine, self.lines.append)
            Population(self.founders, store, self.run / "weights", "none", other_bits=other_bits).weights(
                CHILD
            )


@pytest.fixture
def project(tmp_path: Path, save_tiny_model: Callable[..., Path]) -> Project:
    made = Project(tmp_path, save_tiny_model)
    made.answer_truly()
    made.change("UPDATE individuals SET weights_hash = ? WHERE id = ?", "0" * 32, CHILD)
    return made


def test_a_run_made_elsewhere_goes_on_with_one_line_when_its_answers_are_the_same(project: Project) -> None:
    project.weights()
    assert len(project.lines) == 1
    assert "4 of 4 answers that were compared are equal" in project.lines[0]


def test_a_run_made_elsewhere_is_refused_when_an_answer_differs(project: Project) -> None:
    project.change("UPDATE cells SET reply = ? WHERE individual = ? AND task = 't0002'", "other", CHILD)
    with pytest.raises(InfrastructureError, match=f"{CHILD} .* gives 1 of 4 answers otherwise"):
        project.weights()


def test_on_the_machine_that_made_a_run_another_hash_is_a_fault(project: Project) -> None:
    journal = Journal(project.run)
    journal.begin(bits=fingerprint())
    journal.close()
    assert made_here(project.run)
    with pytest.raises(InfrastructureError, match="is damaged"):
        project.weights()


def test_a_run_that_was_begun_on_another_machine_was_not_made_here(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(bits="another")
    journal.begin(bits=fingerprint())
    journal.close()
    assert not made_here(tmp_path)
    assert not made_here(tmp_path / "nothing")


def test_canaries_are_spread_and_leave_out_cells_without_an_answer() -> None:
    def cell(number: int, verdict: str, reply: str) -> Cell:
        return Cell("x", f"t{number:04d}", "1", verdict, None, None, None, reply, "stop", 1)

    cells = [cell(i, "pass", "a") for i in range(100)] + [cell(100, "missing", "")]
    found = canaries(cells)
    assert len(found) == CANARIES
    assert found[0].task == "t0000"
    assert found[-1].task > "t0080"
    assert canaries(cells[-1:]) == []


def test_the_fingerprint_does_not_depend_on_the_number_of_threads() -> None:
    import torch

    before = torch.get_num_threads()
    try:
        found = set()
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.add(fingerprint.__wrapped__())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1
