"""Checks and repairs, with a scientist whose drafts are written down and a real sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from acdc.sandbox import Sandbox
from acdc.tasks.reflection import Checker, checked
from acdc.tasks.scientist import Draft, Judgement, Rejection, Request, Unfinished
from acdc.tasks.settings import TaskSettings
from acdc.tasks.task_family import TaskFamily

SOURCE = """
class TaskFamily:
    @staticmethod
    def get_tasks():
        return {"1": {"answer": "four"}, "2": {"answer": "five"}}
    @staticmethod
    def get_instructions(t):
        return "Say " + t["answer"]
    @staticmethod
    def score(t, submission):
        return 1.0 if submission == t["answer"] else 0.25
"""

GOOD = Draft(SOURCE, "say", "say a word", "obedience", 1, "made up", solution="Answer: four")


@dataclass
class Scripted:
    """A scientist with its drafts, revisions and solutions written down; remembers what it was told."""

    first: list[Draft | Rejection]
    revisions: list[Draft | Rejection] = field(default_factory=list)
    solutions: list[str] = field(default_factory=list)
    told: list[Unfinished] = field(default_factory=list)
    version: str = "scripted"

    def seeds(self) -> list[Draft]:
        return []

    def propose(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        return self.first

    def adapt(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        return self.first

    def solve(self, tasks: Sequence[Unfinished]) -> list[str]:
        self.told += tasks
        return [self.solutions.pop(0) for _ in tasks]

    def reflect(self, tasks: Sequence[Unfinished]) -> list[Draft | Rejection]:
        self.told += tasks
        return [self.revisions.pop(0) for _ in tasks]

    def is_interesting(self, judgements: Sequence[Judgement]) -> list[bool]:
        return [True for _ in judgements]


def run(
    scientist: Scripted, box: Sandbox, settings: TaskSettings | None = None, **more: Any
) -> list[TaskFamily | Rejection]:
    requests = [Request(f"t{i:04d}", "novel", 3, i) for i in range(len(scientist.first))]
    return checked(requests, scientist.propose, scientist, Checker(box, settings or TaskSettings(), **more))


def reason(result: TaskFamily | Rejection) -> str:
    assert isinstance(result, Rejection)
    return result.reason


def test_a_good_draft_becomes_a_task_with_what_the_sandbox_found(box: Sandbox) -> None:
    [task] = run(Scripted([GOOD]), box)
    assert isinstance(task, TaskFamily)
    assert task.id == "t0000"
    assert task.provenance.generation == 3
    assert task.example_instruction == "Say four"  # not what the draft says of itself
    assert task.reference == "four"  # as score received it
    assert [one.task for one in task.examples] == ["1"]


def test_as_many_examples_are_kept_as_will_be_asked(box: Sandbox) -> None:
    [task] = run(Scripted([GOOD]), box, TaskSettings(examples_per_task=2))
    assert isinstance(task, TaskFamily)
    assert [one.instructions for one in task.examples] == ["Say four", "Say five"]


def test_a_draft_without_a_solution_is_solved_by_its_scientist(box: Sandbox) -> None:
    scientist = Scripted([replace(GOOD, solution=None)], solutions=["I say \\boxed{four}."])
    [task] = run(scientist, box)
    assert isinstance(task, TaskFamily)
    assert task.reference == "four"
    assert scientist.told[0].instructions == "Say four"


def test_what_does_not_run_is_fed_back_and_repaired(box: Sandbox) -> None:
    scientist = Scripted([replace(GOOD, source="class TaskFamily: pass"), GOOD], revisions=[GOOD])
    results = run(scientist, box)
    assert all(isinstance(one, TaskFamily) for one in results)
    assert [one.id for one in results] == ["t0000", "t0001"]
    assert len(scientist.told) == 1
    assert "get_tasks" in scientist.told[0].feedback


def test_after_the_last_round_the_last_failure_counts(box: Sandbox) -> None:
    broken = replace(GOOD, source="import nothing_like_this\n" + SOURCE)
    scientist = Scripted([broken], revisions=[broken, broken, replace(GOOD, solution="Answer: nine")])
    [result] = run(scientist, box)
    assert reason(result) == "self-solve"
    assert [one.round for one in scientist.told] == [0, 1, 2]


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (replace(GOOD, source="def ("), "runs-not"),
        (
            replace(GOOD, source=SOURCE.replace('{"1": {"answer": "four"}, "2": {"answer": "five"}}', "{}")),
            "runs-not",
        ),
        (replace(GOOD, source=SOURCE.replace('"Say " + t["answer"]', '" "')), "runs-not"),
        (replace(GOOD, source=SOURCE.replace("1.0 if", "7 if")), "self-solve"),
        (replace(GOOD, source=SOURCE.replace("1.0 if", "float('nan') if")), "self-solve"),
        (replace(GOOD, source=SOURCE.replace("1.0 if", "None if")), "self-solve"),
        (replace(GOOD, solution="Answer: nine"), "self-solve"),
        (replace(GOOD, done=False), "not-done"),
    ],
)
def test_every_way_to_fail_has_its_reason(draft: Draft, why: str, box: Sandbox) -> None:
    [result] = run(Scripted([draft]), box, TaskSettings(reflections=0))
    assert reason(result) == why
    assert isinstance(result, Rejection)
    assert result.detail
    assert result.draft is not None
    assert Rejection.from_json(result.to_json()) == result


def test_without_self_solving_any_valid_score_will_do(box: Sandbox) -> None:
    lenient = TaskSettings(require_self_solve=False, reflections=0)
    [low] = run(Scripted([replace(GOOD, solution="Answer: nine")]), box, lenient)
    assert isinstance(low, TaskFamily)
    [broken] = run(Scripted([replace(GOOD, source=SOURCE.replace("1.0 if", "7 if"))]), box, lenient)
    assert reason(broken) == "self-solve"


def test_rejections_of_the_scientist_itself_keep_their_place(box: Sandbox) -> None:
    refusal = Rejection("t0000", Request("t0000", "novel", 3, 0).provenance, "parse", "no JSON object")
    results = run(Scripted([refusal, GOOD]), box)
    assert results[0] == refusal
    assert isinstance(results[1], TaskFamily)


def test_instructions_that_do_not_fit_are_said_repaired_or_rejected_with_the_reason(box: Sandbox) -> None:
    def fits(instructions: str) -> str:
        return "the instructions are too long: 9 tokens" if "four" in instructions else ""

    shorter = replace(GOOD, source=SOURCE.replace("four", "six"), solution="six")
    scientist = Scripted([GOOD, GOOD], revisions=[shorter, GOOD])
    repaired, rejection = run(scientist, box, TaskSettings(reflections=1), fits=fits)
    assert isinstance(repaired, TaskFamily)
    assert reason(rejection) == "too-long"
    assert "too long: 9 tokens" in scientist.told[0].feedback


def test_every_example_that_will_be_asked_must_fit(box: Sandbox) -> None:
    def fits(instructions: str) -> str:
        return "too long" if "five" in instructions else ""

    [task] = run(Scripted([GOOD]), box, TaskSettings(reflections=0), fits=fits)
    assert isinstance(task, TaskFamily)
    [rejection] = run(Scripted([GOOD]), box, TaskSettings(reflections=0, examples_per_task=2), fits=fits)
    assert reason(rejection) == "too-long"
