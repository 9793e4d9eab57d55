"""The grammar scientist writes real task families, and the same ones in any company."""

from dataclasses import replace

import pytest

from acdc.judging.extract import extract
from acdc.sandbox import Job, Sandbox
from acdc.streams import key
from acdc.tasks.grammar_plan import Plan
from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.scientist import Draft, Rejection, Request
from acdc.tasks.task_family import Kind, Provenance, TaskFamily
from acdc.tiny.skills import CHAINS, SKILLS

SCIENTIST = GrammarScientist()


def task(plan: Plan) -> TaskFamily:
    return TaskFamily(
        "t0000", plan.line, "", "", "", plan.difficulty, "", "", False, Provenance(None, "seed", 0)
    )


def request(number: int, kind: Kind = "novel", parent: Plan | None = None) -> Request:
    identity = f"t{number:04d}"
    return Request(identity, kind, 0, key(0, "test", identity), None if parent is None else task(parent))


def drafts(count: int) -> list[Draft]:
    return [one for one in SCIENTIST.propose([request(i) for i in range(count)]) if isinstance(one, Draft)]


def test_a_draft_does_not_depend_on_its_company_or_its_place() -> None:
    requests = [request(i) for i in range(8)]
    together = SCIENTIST.propose(requests)
    assert SCIENTIST.propose(requests[::-1])[::-1] == together
    assert [GrammarScientist().propose([one])[0] for one in requests] == together


def test_every_skill_and_chain_can_be_written_at_every_difficulty(box: Sandbox) -> None:
    plans = [Plan((name,), number % 3, level) for number, name in enumerate(SKILLS) for level in (1, 3, 5)]
    plans += [Plan(pair, 1, level) for pair in CHAINS for level in (4, 5)]
    rejections = 0
    for number, plan in enumerate(plans):
        parents = [SCIENTIST.adapt([request(number, kind, plan)])[0] for kind in ("harder", "easier")]
        for draft in parents:
            if isinstance(draft, Rejection):
                rejections += 1
                continue
            family = box.describe(draft.source)
            assert 3 <= len(family.tasks) <= 5
            assert next(iter(family.instructions.values())) == draft.example_instruction
            outcome = box.score([Job(draft.source, "1", extract(draft.solution or "", draft.is_code))])[0]
            assert outcome.score == 1.0, (plan, outcome)
    assert rejections < len(plans)


def test_wrong_answers_fail_and_get_little_credit(box: Sandbox) -> None:
    wrong = ["", "zzz", "def f(s): return None", "def f(s): return s", "42 42 42 42 42 42"]
    some = drafts(12)
    outcomes = box.score([Job(one.source, "1", answer) for one in some for answer in wrong])
    assert all(outcome.error is None for outcome in outcomes)
    assert all(outcome.score is not None and 0 <= outcome.score <= 0.4 for outcome in outcomes)


def test_a_program_that_is_right_in_other_words_passes(box: Sandbox) -> None:
    seed = next(draft for draft in SCIENTIST.seeds() if draft.is_code)
    expression = (seed.solution or "").removeprefix("def f(s): return ")
    other = f"def f(text):\n    s = str(text)\n    result = {expression}\n    return result\n"
    assert box.score([Job(seed.source, "1", other)])[0].score == 1.0


@pytest.mark.parametrize(
    "program",
    [
        "def f(s): raise ValueError(s)",
        "def f(s): return s == s",
        "def on_all(values): return values\ndef f(s): return 1 / 0",
        "def f(s): return s\nif True:",
        'def f(s): return s\n"""',
        "not Python",
    ],
)
def test_a_wrong_program_fails_whatever_it_defines_or_leaves_open(program: str, box: Sandbox) -> None:
    seed = next(draft for draft in SCIENTIST.seeds() if draft.is_code)
    outcome = box.score([Job(seed.source, "1", program)])[0]
    assert outcome.error is None
    assert outcome.score is not None
    assert outcome.score < 0.5


def test_instructions_use_wordings_seen_in_training_only() -> None:
    for draft in drafts(200):
        plan = Plan.of(replace(task(Plan(("reverse",), 0, 1)), source=draft.source))
        assert plan is not None
        assert repr(plan.skill.phrasings[plan.phrasing]) in draft.source
        assert not any(repr(wording) in draft.source for wording in plan.skill.held_out)


def test_answers_are_not_copied_from_the_question_where_the_skill_allows_it() -> None:
    for draft in drafts(200):
        plan = Plan.of(replace(task(Plan(("reverse",), 0, 1)), source=draft.source))
        assert plan is not None
        if plan.skill.arity == 1:
            assert draft.example_instruction != plan.skill.phrasings[plan.phrasing].format(draft.solution)


@pytest.mark.parametrize("kind", ["harder", "easier"])
def test_at_either_end_of_the_scale_there_is_nothing_more(kind: Kind) -> None:
    end = Plan(("sort", "shift"), 0, 5) if kind == "harder" else Plan(("sort",), 0, 1)
    rejection = SCIENTIST.adapt([request(0, kind, end)])[0]
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "reply"


def test_the_version_names_templates_and_skills() -> None:
    assert GrammarScientist().version == SCIENTIST.version
    assert SCIENTIST.version.startswith("grammar-1/")
