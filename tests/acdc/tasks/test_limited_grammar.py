"""The grammar scientist with limits: it thinks of nothing beyond them, and without limits it is the grammar scientist."""

import pytest

from acdc.config.config import load
from acdc.errors import InputError
from acdc.sandbox import Sandbox
from acdc.streams import key
from acdc.tasks.evolution import Staff, initial
from acdc.tasks.grammar_plan import Plan
from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.limited_grammar import LimitedGrammarScientist, grammar_of
from acdc.tasks.novelty import HashingEmbedder
from acdc.tasks.scientist import Rejection, Request
from acdc.tasks.settings import ScientistSettings, TaskSettings
from acdc.tasks.task_family import Kind, Provenance, TaskFamily
from tests.acdc.small_runs import PARAMS

EASY = ScientistSettings(hardest=3, domains=("strings", "arithmetic"))
SMALL = TaskSettings(initial_target=20, initial_attempts=60, cap=24)


def parent(plan: Plan) -> TaskFamily:
    return TaskFamily("t0000", plan.line, "", "", "", 1, "", "", False, Provenance(None, "seed", 0))


@pytest.mark.parametrize("kind", ["novel", "similar", "related", "free", "harder", "easier"])
def test_nothing_beyond_the_limits_is_written(kind: Kind) -> None:
    subject = grammar_of(EASY)
    at = parent(Plan(("reverse",), 0, 2))
    requests = [Request(f"t{i:04d}", kind, 0, key(0, "test", i), at) for i in range(1, 60)]
    drafts = subject.adapt(requests)
    plans = [Plan.of(parent_of(draft.source)) for draft in drafts if not isinstance(draft, Rejection)]
    assert len(plans) == len(requests)
    assert all(plan and plan.difficulty <= 3 and plan.skill.domain != "lists" for plan in plans)


def parent_of(source: str) -> TaskFamily:
    return TaskFamily("t0001", source, "", "", "", 1, "", "", False, Provenance(None, "seed", 0))


def test_at_the_limit_there_is_nothing_harder() -> None:
    request = Request("t0001", "harder", 0, 1, parent(Plan(("reverse",), 0, 3)))
    [answer] = grammar_of(EASY).adapt([request])
    assert isinstance(answer, Rejection)
    assert answer.reason == "reply"


def test_without_limits_it_is_the_grammar_scientist_with_the_same_version() -> None:
    plain = grammar_of(ScientistSettings())
    assert type(plain) is GrammarScientist
    assert isinstance(grammar_of(EASY), LimitedGrammarScientist)
    assert grammar_of(EASY).version != grammar_of(ScientistSettings(hardest=3)).version != plain.version


def test_limits_that_are_not_set_leave_no_trace_in_the_settings() -> None:
    assert set(ScientistSettings().model_dump()) == {"kind", "examples", "alike"}
    assert "code_seed_tasks" not in TaskSettings().model_dump()
    assert TaskSettings(code_seed_tasks=False).model_dump()["code_seed_tasks"] is False


def test_without_the_code_seed_task_the_pool_begins_without_code(box: Sandbox) -> None:
    staff = Staff(GrammarScientist(), box, HashingEmbedder())
    pool, _ = initial(staff, SMALL.model_copy(update={"code_seed_tasks": False}), 0)
    seeds = [task for task in pool.tasks.values() if task.provenance.kind == "seed"]
    assert len(seeds) == 3
    assert not any(task.is_code for task in seeds)
    whole, _ = initial(staff, SMALL, 0)
    assert sum(task.is_code for task in whole.tasks.values() if task.provenance.kind == "seed") == 1


def test_a_domain_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(InputError, match=r"scientist\.domains"):
        load(PARAMS, ["scientist.domains=[music]"])
