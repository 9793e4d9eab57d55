"""A pool that does not evolve: the same tasks for the whole run, ``cap`` of them active at a time.

The comparison with an evolving pool is fair when both have as many active tasks per generation, as many evaluations and as many
tasks to choose the task force by (section 7 of the method). So a static pool holds ``choice_tasks`` tasks from the start; a
window of ``cap`` tasks moves over them by ``adapt`` at each interval, which is the turnover that an evolving pool has at most.
(Published "static" was generation 5 of an evolving run, with a tenth of the search.)
"""

from collections.abc import Sequence
from dataclasses import replace

from acdc.streams import stream
from acdc.tasks.pool import Event, Pool
from acdc.tasks.settings import TaskSettings


def static_order(ids: Sequence[str], seed: int) -> tuple[str, ...]:
    """All ids in the order, drawn by seed, in which the window passes over them."""
    return tuple(ids[i] for i in stream(seed, "static tasks").permutation(len(ids)))


def rotated(pool: Pool, settings: TaskSettings, generation: int) -> tuple[Pool, list[Event]]:
    """The pool with the window of this generation active; faulty tasks are passed over."""
    step = 0 if settings.static_active == "fixed" else generation // settings.interval * settings.adapt
    start = step % len(pool.order)
    usable = [one for one in (*pool.order[start:], *pool.order[:start]) if one not in pool.retired]
    new = pool.with_active(usable[: settings.cap])
    left = [Event("left", one, generation) for one in pool.active if one not in new.active]
    return new, left + [Event("entered", one, generation) for one in new.active if one not in pool.active]


def frozen(pool: Pool, settings: TaskSettings, seed: int) -> tuple[Pool, list[Event]]:
    """The first window over all tasks of a pool."""
    return rotated(replace(pool, active=(), order=static_order(list(pool.tasks), seed)), settings, 0)
