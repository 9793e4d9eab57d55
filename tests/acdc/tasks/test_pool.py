"""The pool as a value: limbo, the minimal criterion, age, retirement, JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from acdc.tasks.pool import Event, Pool, Waiting, retire, settle, within_cap, without_unsolved
from acdc.tasks.task_family import Provenance, TaskFamily, task_id


def task(identity: str) -> TaskFamily:
    return TaskFamily(identity, "", identity, "", "", 1, "", "", False, Provenance(None, "seed", 0))


def pool(*active: int, known: int = 10, limbo: tuple[Waiting, ...] = ()) -> Pool:
    tasks = {task_id(i): task(task_id(i)) for i in range(known)}
    return Pool(tasks, tuple(task_id(i) for i in active), limbo, next_number=known)


def waiting(parent: int, *children: int, rate: float = 0.9) -> Waiting:
    return Waiting(task_id(parent), tuple(task_id(child) for child in children), rate)


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.kind, event.task) for event in events]


def test_a_parent_goes_for_good_once_a_child_holds() -> None:
    after, events = settle(pool(1, limbo=(waiting(0, 1, 2),)), ["t0002"], ["t0001"], 5)
    assert after.limbo == ()
    assert after.active == ("t0001",)
    assert kinds(events) == [("replaced", "t0000")]


def test_a_parent_returns_when_all_children_are_lost_and_keeps_its_age() -> None:
    after, events = settle(pool(3, limbo=(waiting(0, 1, 2),)), ["t0001", "t0002"], [], 5)
    assert after.active == ("t0000", "t0003")
    assert kinds(events) == [("returned", "t0000")]


def test_a_parent_that_no_individual_passed_does_not_return() -> None:
    after, events = settle(pool(3, limbo=(waiting(0, 1, rate=0.0),)), ["t0001"], [], 5)
    assert after.active == ("t0003",)
    assert kinds(events) == [("removed", "t0000")]


def test_a_parent_waits_while_a_child_is_undecided() -> None:
    after, events = settle(pool(2, limbo=(waiting(0, 1, 2),)), ["t0001"], [], 5)
    assert after.limbo == (waiting(0, 2),)
    assert events == []


def test_the_minimal_criterion_removes_tasks_that_no_individual_passes() -> None:
    after, events = without_unsolved(pool(0, 1, 2), {"t0000": 0.0, "t0001": 0.1}, 5)
    assert after.active == ("t0001", "t0002")  # the third has no rate
    assert kinds(events) == [("removed", "t0000")]


def test_the_minimal_criterion_never_empties_the_pool() -> None:
    assert without_unsolved(pool(0, 1), {"t0000": 0.0, "t0001": 0.0}, 5) == (pool(0, 1), [])


def test_over_the_cap_the_oldest_leave() -> None:
    after, events = within_cap(pool(1, 2, 3, 4), 2, 5)
    assert after.active == ("t0003", "t0004")
    assert kinds(events) == [("pruned", "t0001"), ("pruned", "t0002")]


def test_a_faulty_child_gives_its_parent_back_and_stays_out() -> None:
    after, events = retire(pool(1, 2, limbo=(waiting(0, 1),)), ["t0001"], 7)
    assert after.active == ("t0000", "t0002")
    assert after.retired == ("t0001",)
    assert kinds(events) == [("retired", "t0001"), ("returned", "t0000")]
    assert retire(after, ["t0001"], 8) == (after, [])


def test_ids_past_t9999_sort_by_number() -> None:
    tasks = [task("t9999"), task("t10000")]
    assert Pool({}, ()).with_tasks(tasks[::-1]).active == ("t9999", "t10000")


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9), max_size=3), st.integers(0, 9))
def test_a_pool_survives_json(active: set[int], retired: set[int], parent: int) -> None:
    before = pool(*sorted(active), limbo=(waiting(parent, 1, 2),))
    before, _ = retire(before, [task_id(i) for i in sorted(retired)], 1)
    later = [*before.tasks.values(), task("t0099")]  # the store may know tasks of later generations
    assert Pool.from_json(json.loads(json.dumps(before.to_json())), later) == before
