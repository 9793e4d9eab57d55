"""Whose fault a failure is decides what a cell says: the answer's, the task's, or ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from acdc.coevolution.examiner import Examiner, Subject
from acdc.config.evolution import EvolutionSettings
from acdc.engines.engine import Answer, Request, Sampling
from acdc.executors import Alone
from acdc.sandbox import Job, Outcome, SandboxUnavailable
from acdc.storage.store import Cell, RunStore
from acdc.tasks.task_family import Example, Provenance, TaskFamily


class Parrot:
    """An engine whose every answer is the prompt; the loop needs no language model to be tested."""

    version = "parrot"
    weights_hash: str | None = None

    def __init__(self) -> None:
        self.asked: list[str] = []

    def load(self, weights: Any, weights_hash: str) -> None:
        self.weights_hash = weights_hash

    def chat(self, user: str, system: str = "") -> str:
        return user

    def generate(self, requests: Sequence[Request], sampling: Sampling, progress: Any = None) -> list[Answer]:
        self.asked += [request.prompt for request in requests]
        return [Answer(request.prompt, (1, 2), "stop", 1) for request in requests]

    def close(self) -> None: ...


class Box:
    """A sandbox by table: what each submission meets."""

    def __init__(self, outcomes: dict[str, Outcome | None]) -> None:
        self._outcomes = outcomes
        self.calls = 0

    def score(self, jobs: Sequence[Job]) -> list[Outcome]:
        self.calls += 1
        found = [self._outcomes[job.submission] for job in jobs]
        if None in found:
            raise SandboxUnavailable("died")
        return found  # type: ignore[return-value]


def family(id: str, instructions: str) -> TaskFamily:
    return TaskFamily(
        id, id, id, "", "", 1, instructions, f"reference {id}", False, Provenance(None, "seed", 0), (Example("1", instructions),)
    )  # fmt: skip


TASKS = [
    family("t0000", "right"),
    family("t0001", "wrong"),
    family("t0002", "crash"),
    family("t0003", "broken"),
]
OUTCOMES: dict[str, Outcome | None] = {
    "right": Outcome(1.0),
    "wrong": Outcome(0.0),
    "crash": Outcome(None, "exception", "on this answer"),
    "broken": Outcome(None, "exception", "on every answer"),
    "reference t0002": Outcome(1.0),
    "reference t0003": Outcome(None, "exception", "on every answer"),
}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with RunStore.create_or_resume(tmp_path, "settings") as store:
        yield store


def examiner(store: RunStore, outcomes: dict[str, Outcome | None], engine: Parrot) -> Examiner:
    return Examiner(Alone(engine), Box(outcomes), store, EvolutionSettings(max_new_tokens=8))  # type: ignore[arg-type]


def examined(subject: Examiner, tasks: Sequence[TaskFamily]) -> list[Cell]:
    return next(subject.examine([Subject("m", "hash", dict)], tasks))


def test_every_fault_is_laid_where_it_belongs(store: RunStore) -> None:
    cells = examined(examiner(store, OUTCOMES, Parrot()), TASKS)
    assert [(c.verdict, c.cause) for c in cells] == [
        ("pass", None),
        ("fail", None),
        ("fail", "answer"),
        ("missing", "task"),
    ]


def test_a_task_at_fault_is_named_and_counts_as_no_missing_cell(store: RunStore) -> None:
    subject = examiner(store, OUTCOMES, Parrot())
    examined(subject, TASKS)
    assert subject.task_faults(TASKS) == {"t0003": "exception"}
    assert subject.missing_rate() == 0


def test_a_submission_that_kills_the_sandbox_is_missing_and_the_others_are_scored(store: RunStore) -> None:
    subject = examiner(store, {**OUTCOMES, "wrong": None}, Parrot())
    cells = examined(subject, TASKS)
    assert [c.verdict for c in cells] == ["pass", "missing", "fail", "missing"]
    assert cells[1].cause == "infrastructure"
    assert subject.missing_rate() == 1 / 3


def test_missing_cells_are_tried_again_and_others_never(store: RunStore) -> None:
    examined(examiner(store, {**OUTCOMES, "wrong": None}, Parrot()), TASKS[:3])
    engine = Parrot()
    cells = examined(examiner(store, OUTCOMES, engine), TASKS[:3])
    assert engine.asked == ["wrong"]
    assert [c.verdict for c in cells] == ["fail"]


def test_a_reference_that_could_not_be_scored_blames_no_side(store: RunStore) -> None:
    cells = examined(examiner(store, {**OUTCOMES, "reference t0002": None}, Parrot()), TASKS[2:3])
    assert [(c.verdict, c.cause) for c in cells] == [("missing", "infrastructure")]


def test_a_dead_sandbox_is_not_asked_for_ever(store: RunStore) -> None:
    box = Box(dict.fromkeys(["a"]))
    tasks = [family(f"t{i:04d}", "a") for i in range(50)]
    subject = Examiner(Alone(Parrot()), box, store, EvolutionSettings(max_new_tokens=8))  # type: ignore[arg-type]
    cells = examined(subject, tasks)
    assert {c.verdict for c in cells} == {"missing"}
    assert box.calls < 10
