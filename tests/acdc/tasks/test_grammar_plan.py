"""The moves of the grammar scientist."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.tasks.grammar_plan import Plan, anything, anything_but, easier, harder, related, similar
from acdc.tiny.skills import SKILLS

seeds = st.integers(0, 10_000)


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def known(plan: Plan) -> None:
    assert 1 <= plan.difficulty <= 5
    assert len(plan.skills) == 1 or plan.difficulty >= 4
    assert 0 <= plan.phrasing < len(plan.skill.phrasings)


@given(seeds)
def test_every_move_ends_at_a_plan_that_can_be_written(seed: int) -> None:
    rng = generator(seed)
    plan = anything(rng)
    moves = [plan, similar(plan, rng), related(plan, rng), harder(plan, rng), easier(plan)]
    for one in moves:
        if one is not None:
            known(one)


@given(seeds)
def test_harder_raises_the_difficulty_or_chains(seed: int) -> None:
    rng = generator(seed)
    plan = anything(rng)
    more = harder(plan, rng)
    if more is None:
        assert plan.difficulty == 5
    else:
        assert more.difficulty == plan.difficulty + 1 or len(more.skills) > len(plan.skills)
        assert more.skills[0] == plan.skills[0]


@given(seeds)
def test_easier_lowers_the_difficulty_to_the_end(seed: int) -> None:
    plan: Plan | None = anything(generator(seed))
    steps = 0
    while plan is not None:
        lower = easier(plan)
        assert lower is None or lower.difficulty < plan.difficulty
        plan, steps = lower, steps + 1
    assert steps <= 5


@given(seeds)
def test_related_stays_in_the_domain_and_leaves_the_skill(seed: int) -> None:
    rng = generator(seed)
    plan = anything(rng)
    other = related(plan, rng)
    assert other.skill.domain == plan.skill.domain
    assert other.skills != plan.skills


@given(seeds)
def test_similar_keeps_the_skill_and_changes_something(seed: int) -> None:
    rng = generator(seed)
    plan = anything(rng)
    other = similar(plan, rng)
    assert other.skills == plan.skills
    assert other != plan


@given(seeds)
def test_a_novel_plan_is_none_of_the_known(seed: int) -> None:
    rng = generator(seed)
    others = [anything(rng) for _ in range(4)]
    assert anything_but(rng, others) not in others


@pytest.mark.parametrize("name", SKILLS)
def test_held_out_wordings_are_out_of_reach(name: str) -> None:
    skill = Plan((name,), 0, 1).skill
    assert not set(skill.phrasings) & set(skill.held_out)
