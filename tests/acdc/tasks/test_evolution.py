"""The first pool and the next ones, with the grammar scientist and a real sandbox."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acdc.errors import NotEnoughDataError
from acdc.tasks.evolution import Staff, due, evolve, initial
from acdc.tasks.grammar_plan import Plan
from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.pool import Event, Pool
from acdc.tasks.scientist import Draft, Rejection, Request, rejected
from acdc.tasks.settings import NoveltySettings, TaskSettings
from acdc.tasks.task_family import age

SMALL = TaskSettings(
    initial_target=16, initial_attempts=40, cap=16, adapt=8, micro_batch=4, hard_threshold=0.2
)


@pytest.fixture(scope="module")
def first(staff: Staff) -> Pool:
    return initial(staff, SMALL, 0)[0]


def rates(pool: Pool, rate: float) -> dict[str, float]:
    return dict.fromkeys(pool.active, rate)


def kinds(events: Sequence[Event]) -> Counter[str]:
    return Counter(event.kind for event in events)


class Recording(GrammarScientist):
    """Remembers its requests."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def propose(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        self.requests += requests
        return super().propose(requests)

    def adapt(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        self.requests += requests
        return super().adapt(requests)


class Helpless(GrammarScientist):
    """Cannot adapt anything."""

    def adapt(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        return [rejected(request, "parse", "nothing but thoughts") for request in requests]


def test_the_first_pool_starts_with_the_seeds_and_keeps_the_order_of_requests(staff: Staff) -> None:
    pool, events = initial(staff, SMALL, 0)
    assert len(pool.active) == SMALL.cap
    assert pool.active == tuple(sorted(pool.tasks, key=age)) == tuple(pool.tasks)
    assert [pool.tasks[one].provenance.kind for one in pool.active[:4]] == ["seed"] * 4
    assert [event.task for event in events] == [f"t{i:04d}" for i in range(pool.next_number)]
    requested = {event.task for event in events}  # a parent may itself have been found not novel
    assert all(task.provenance.parent in (None, *requested) for task in pool.tasks.values())


def test_the_same_seed_gives_the_same_pool_and_another_seed_another(staff: Staff, first: Pool) -> None:
    again = initial(Staff(GrammarScientist(), staff.box, staff.embedder), SMALL, 0)[0]
    assert again == first
    assert initial(staff, SMALL, 1)[0] != first


def test_requests_stop_at_the_attempts(staff: Staff) -> None:
    scientist = Recording()
    few = SMALL.model_copy(update={"initial_target": 6, "initial_attempts": 6})
    pool, _ = initial(staff._replace(scientist=scientist), few, 0)
    assert len(scientist.requests) == 6
    assert pool.next_number == 4 + 6
    assert {request.kind for request in scientist.requests} <= {"novel", "similar"}


def test_no_seed_that_passes_is_an_error(staff: Staff) -> None:
    class Seedless(GrammarScientist):
        def seeds(self) -> list[Draft]:
            return []

    with pytest.raises(NotEnoughDataError, match="No seed task"):
        initial(staff._replace(scientist=Seedless()), SMALL, 0)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (1.0, {"harder"}),
        (0.51, {"harder"}),
        (0.5, {"related", "free"}),
        (0.2, {"related", "free"}),
        (0.1, {"easier"}),
    ],
)
def test_the_pass_rate_decides_what_a_parent_is_adapted_to(
    rate: float, expected: set[str], staff: Staff, first: Pool
) -> None:
    scientist = Recording()
    evolve(first, rates(first, rate), staff._replace(scientist=scientist), SMALL, 0, 5)
    assert {request.kind for request in scientist.requests} <= expected
    assert len(scientist.requests) == SMALL.adapt
    assert all(request.parent_pass_rate == rate for request in scientist.requests)


def test_with_the_released_threshold_nothing_is_made_easier(staff: Staff, first: Pool) -> None:
    scientist = Recording()
    released = SMALL.model_copy(update={"hard_threshold": 0.0})
    evolve(first, rates(first, 0.0), staff._replace(scientist=scientist), released, 0, 5)
    assert "easier" not in {request.kind for request in scientist.requests}


def test_inspirations_are_three_others_drawn_afresh(staff: Staff, first: Pool) -> None:
    scientist = Recording()
    evolve(first, rates(first, 0.4), staff._replace(scientist=scientist), SMALL, 0, 5)
    shown = [tuple(one.id for one in request.inspirations) for request in scientist.requests]
    assert all(len(set(ids)) == 3 for ids in shown)
    assert all(
        r.parent is not None and r.parent.id not in ids
        for r, ids in zip(scientist.requests, shown, strict=True)
    )
    assert len(set(shown)) > 1


def test_parents_made_harder_wait_and_return_when_their_children_prove_impossible(
    staff: Staff, first: Pool
) -> None:
    pool, events = evolve(first, rates(first, 0.9), staff, SMALL, 0, 5)
    parents = {one.parent for one in pool.limbo}
    children = {child for one in pool.limbo for child in one.children}
    assert parents
    assert not parents & set(pool.active)
    assert kinds(events)["limbo"] >= len(parents)
    impossible = {one: 0.0 if one in children else 0.4 for one in pool.active}
    after, later = evolve(pool, impossible, staff, SMALL, 0, 10)
    assert {event.task for event in later if event.kind == "returned"} == parents
    assert not children & set(after.active)


def test_parents_whose_children_hold_are_replaced(staff: Staff, first: Pool) -> None:
    pool, _ = evolve(first, rates(first, 0.9), staff, SMALL, 0, 5)
    parents = {one.parent for one in pool.limbo}
    after, events = evolve(pool, rates(pool, 0.4), staff, SMALL, 0, 10)
    assert {event.task for event in events if event.kind == "replaced"} == parents
    assert not parents & set(after.active)
    assert after.limbo == ()


def test_parents_return_at_once_when_no_child_passes_its_checks(staff: Staff, first: Pool) -> None:
    pool, events = evolve(first, rates(first, 0.9), staff._replace(scientist=Helpless()), SMALL, 0, 5)
    assert pool.active == first.active
    assert pool.limbo == ()
    assert kinds(events)["returned"] == kinds(events)["limbo"] > 0
    assert kinds(events)["rejected"] == SMALL.adapt


def test_the_pool_is_never_emptied(staff: Staff, first: Pool) -> None:
    all_drawn = SMALL.model_copy(update={"adapt": 200})
    helpless = staff._replace(scientist=Helpless())
    pool, _ = evolve(first, rates(first, 0.0), helpless, all_drawn, 0, 5)
    assert pool.active == first.active
    assert pool.next_number == first.next_number + 200


def test_a_task_without_a_pass_rate_is_left_alone(staff: Staff, first: Pool) -> None:
    scientist = Recording()
    some = dict.fromkeys(first.active[:3], 0.9)
    evolve(first, some, staff._replace(scientist=scientist), SMALL, 0, 5)
    assert {r.parent.id for r in scientist.requests if r.parent} <= set(some)
    assert evolve(first, {}, staff, SMALL, 0, 5) == (first, [])


def test_evolving_twice_from_a_stored_pool_gives_the_same(staff: Staff, first: Pool) -> None:
    stored = Pool.from_json(json.loads(json.dumps(first.to_json())), list(first.tasks.values())[::-1])
    mixed = {one: i % 5 / 4 for i, one in enumerate(first.active)}
    assert evolve(stored, mixed, staff, SMALL, 0, 5) == evolve(first, mixed, staff, SMALL, 0, 5)


def test_events_survive_json(staff: Staff, first: Pool) -> None:
    mixed = {one: i % 5 / 4 for i, one in enumerate(first.active)}
    _, events = evolve(first, mixed, staff._replace(scientist=Helpless()), SMALL, 0, 5)
    assert [Event.from_json(json.loads(json.dumps(event.to_json()))) for event in events] == events


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([0.0, 0.1, 0.4, 0.9]), min_size=60, max_size=60), st.integers(0, 3))
def test_whatever_the_pass_rates_the_books_balance(
    staff: Staff, first: Pool, drawn: list[float], seed: int
) -> None:
    pool, measured = first, iter(drawn)
    for generation in (5, 10):
        known: Mapping[str, float] = {one: next(measured, 0.4) for one in pool.active}
        after, events = evolve(pool, known, staff, SMALL, seed, generation)
        assert 0 < len(after.active) <= SMALL.cap
        assert list(after.active) == sorted(set(after.active), key=age)
        assert set(after.active) <= set(after.tasks)
        assert not {one.parent for one in after.limbo} & set(after.active)
        answered = [event.task for event in events if event.kind in ("accepted", "rejected")]
        assert answered == [f"t{i:04d}" for i in range(pool.next_number, after.next_number)]
        assert set(after.tasks) - set(pool.tasks) == {
            event.task for event in events if event.kind == "accepted"
        }
        gone = {event.task for event in events if event.kind in ("removed", "pruned", "limbo")}
        assert set(pool.active) - set(after.active) <= gone
        pool = after


def test_a_static_pool_passes_over_all_its_tasks_with_as_many_active_as_elsewhere(staff: Staff) -> None:
    static = SMALL.model_copy(update={"static": True, "choice_tasks": 32})
    pool, events = initial(staff, static, 0)
    assert len(pool.tasks) == 32
    assert len(pool.active) == SMALL.cap == kinds(events)["entered"]
    seen = set(pool.active)
    for generation in (5, 10):
        after, moved = evolve(pool, rates(pool, 0.0), staff, static, 0, generation)
        assert kinds(moved) == {"entered": SMALL.adapt, "left": SMALL.adapt}
        assert after.tasks == pool.tasks
        seen |= set(after.active)
        pool = after
    assert len(seen) == 32


def test_a_fixed_static_pool_stays_as_it_is(staff: Staff) -> None:
    static = SMALL.model_copy(update={"static": True, "static_active": "fixed"})
    pool, _ = initial(staff, static, 0)
    assert evolve(pool, rates(pool, 0.0), staff, static, 0, 5) == (pool, [])


def test_without_the_novelty_filter_nothing_is_rejected_for_it(staff: Staff) -> None:
    off = SMALL.model_copy(update={"novelty": NoveltySettings(mode="none")})
    strict = SMALL.model_copy(update={"novelty": NoveltySettings(mode="embedding", threshold=0.7)})
    reasons = [
        Counter(e.rejection.reason for e in initial(staff, one, 0)[1] if e.rejection) for one in (off, strict)
    ]
    assert reasons[0]["not-novel"] == 0
    assert reasons[1]["not-novel"] > 0


def test_only_the_same_question_in_the_same_words_is_uninteresting_to_the_grammar(
    first: Pool, staff: Staff
) -> None:
    plans = Counter(Plan.of(task) for task in first.tasks.values())
    assert max(plans.values()) <= 2


def test_the_pool_is_due_every_interval() -> None:
    assert [g for g in range(12) if due(g, SMALL)] == [5, 10]
