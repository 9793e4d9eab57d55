"""The task pool: an immutable state, and what it is asked.

A pool knows every task ever accepted, which of them are active, and which parents wait in limbo. All changes return a new pool
and the list of what happened, for the store. Nothing here evaluates a model: pass rates are handed in
(:mod:`acdc.tasks.evolution` makes the first pool and the next ones).

Source: section 4 of the method.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from acdc.tasks.scientist import Rejection
from acdc.tasks.task_family import TaskFamily, age

EventKind = Literal[
    "accepted",  # a new task is active
    "rejected",  # a request gave none; the event carries the rejection
    "limbo",  # a parent waits outside while its harder or easier children are tried
    "returned",  # a parent is active again, since no child of it held
    "replaced",  # a parent in limbo has gone for good, since a child of it held
    "removed",  # no individual passes it: the minimal criterion for tasks
    "pruned",  # the pool was over its cap and this was the oldest
    "retired",  # faulty: its column is dropped for all individuals
    "entered",  # became active in a static or a replayed pool
    "left",  # stopped being active in one
]


@dataclass(frozen=True)
class Event:
    """One thing that happened to a task or a request.

    Attributes:
        kind: What.
        task: Id of the task, or of the request that gave none.
        generation: When.
        detail: More, for a person.
        rejection: The rejection, with kind "rejected".
    """

    kind: EventKind
    task: str
    generation: int
    detail: str = ""
    rejection: Rejection | None = None

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The event that :meth:`to_json` wrote."""
        rejection = value["rejection"]
        return cls(**{**value, "rejection": None if rejection is None else Rejection.from_json(rejection)})


@dataclass(frozen=True)
class Waiting:
    """A parent in limbo.

    Attributes:
        parent: Its id.
        children: Ids of its harder or easier children that are being tried.
        pass_rate: Its pass rate when it was drawn; at 0 it does not return.
    """

    parent: str
    children: tuple[str, ...]
    pass_rate: float


@dataclass(frozen=True)
class Pool:
    """The state between two evolutions.

    Attributes:
        tasks: Every task ever accepted, in order of requests: the history that novelty is judged against.
        active: Ids of the active tasks, oldest first.
        limbo: Parents that wait.
        retired: Ids of faulty tasks, in the order in which they were found.
        next_number: Number of the next request.
        order: Of a static pool: all its ids in the order drawn by seed; empty otherwise.
    """

    tasks: Mapping[str, TaskFamily]
    active: tuple[str, ...]
    limbo: tuple[Waiting, ...] = ()
    retired: tuple[str, ...] = ()
    next_number: int = 0
    order: tuple[str, ...] = ()

    @property
    def active_tasks(self) -> list[TaskFamily]:
        """The active tasks, oldest first."""
        return [self.tasks[one] for one in self.active]

    def to_json(self) -> dict[str, object]:
        """The state without the tasks, which the store keeps once each."""
        state = asdict(replace(self, tasks={}))
        del state["tasks"]
        return state

    @classmethod
    def from_json(cls, state: Mapping[str, Any], tasks: Iterable[TaskFamily]) -> Self:
        """The pool that :meth:`to_json` wrote, given at least all tasks accepted until then."""
        known = sorted(
            (task for task in tasks if age(task.id) < state["next_number"]), key=lambda task: age(task.id)
        )
        return cls(
            tasks={task.id: task for task in known},
            active=tuple(state["active"]),
            limbo=tuple(
                Waiting(one["parent"], tuple(one["children"]), one["pass_rate"]) for one in state["limbo"]
            ),
            retired=tuple(state["retired"]),
            next_number=state["next_number"],
            order=tuple(state["order"]),
        )

    def with_active(self, ids: Iterable[str]) -> Self:
        """The pool with these active tasks, sorted by age."""
        return replace(self, active=tuple(sorted(set(ids), key=age)))

    def with_tasks(self, tasks: Iterable[TaskFamily]) -> Self:
        """The pool that has accepted these tasks too and made them active."""
        new = {task.id: task for task in tasks}
        return replace(self, tasks={**self.tasks, **new}).with_active([*self.active, *new])


def moves(before: Pool, after: Pool, generation: int) -> list[Event]:
    """Which tasks left and which entered from one set of active tasks to another."""
    left = [Event("left", one, generation) for one in before.active if one not in after.active]
    return left + [Event("entered", one, generation) for one in after.active if one not in before.active]


def retire(pool: Pool, faulty: Iterable[str], generation: int) -> tuple[Pool, list[Event]]:
    """Takes faulty tasks out for good; a parent that only waited for them returns.

    Args:
        pool: The pool.
        faulty: Ids of tasks whose ``score`` fails on its own reference, or returns what is no score.
        generation: When it was found.
    """
    faulty = [one for one in dict.fromkeys(faulty) if one not in pool.retired]
    events = [Event("retired", one, generation) for one in faulty]
    left = replace(pool, retired=(*pool.retired, *faulty))
    left = left.with_active(one for one in pool.active if one not in faulty)
    left, returned = settle(left, lost=faulty, held=(), generation=generation)
    return left, [*events, *returned]


def settle(pool: Pool, lost: Iterable[str], held: Iterable[str], generation: int) -> tuple[Pool, list[Event]]:
    """Resolves limbo after news about children.

    A parent goes for good as soon as one child held; it returns when all of them are lost, unless its own pass rate was 0; it
    waits on otherwise.

    Args:
        pool: The pool.
        lost: Ids of children that failed their checks, proved impossible or are faulty.
        held: Ids of children that an individual passes.
        generation: When.
    """
    lost, held = set(lost), set(held)
    waiting: list[Waiting] = []
    back: list[str] = []
    events: list[Event] = []
    for one in pool.limbo:
        remaining = tuple(child for child in one.children if child not in lost)
        if held & set(remaining):
            events.append(Event("replaced", one.parent, generation))
        elif remaining:
            waiting.append(replace(one, children=remaining))
        elif one.pass_rate > 0 and one.parent not in pool.retired:
            back.append(one.parent)
            events.append(Event("returned", one.parent, generation))
        else:
            events.append(Event("removed", one.parent, generation, "nobody passed it, nor any child of it"))
    return replace(pool, limbo=tuple(waiting)).with_active([*pool.active, *back]), events


def without_unsolved(
    pool: Pool, pass_rates: Mapping[str, float], generation: int
) -> tuple[Pool, list[Event]]:
    """The minimal criterion for tasks: those that no individual passes leave, unless nothing would be left."""
    unsolved = [one for one in pool.active if pass_rates.get(one) == 0]
    if not unsolved or len(unsolved) == len(pool.active):
        return pool, []
    kept = pool.with_active(one for one in pool.active if one not in unsolved)
    return kept, [Event("removed", one, generation, "nobody passes it") for one in unsolved]


def within_cap(pool: Pool, cap: int, generation: int) -> tuple[Pool, list[Event]]:
    """Age pruning: the oldest leave until at most ``cap`` tasks are active."""
    oldest = pool.active[: max(0, len(pool.active) - cap)]
    return pool.with_active(pool.active[len(oldest) :]), [Event("pruned", one, generation) for one in oldest]
