"""A pool that does not evolve: the same tasks for the whole run, ``cap`` of them active at a time.

The comparison with an evolving pool is fair when both have as many active tasks per generation, as many evaluations and as many
tasks to choose the task force by (section 7 of the method). So a static pool holds ``choice_tasks`` tasks from the start; a
window of ``cap`` tasks moves over them by ``adapt`` at each interval, which is the turnover that an evolving pool has at most.
(Published "static" was generation 5 of an evolving run, with a tenth of the search.)

A file of tasks (`source`) is such a pool, too, with all its tasks.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from acdc.errors import InputError
from acdc.streams import stream
from acdc.tasks import task_file
from acdc.tasks.pool import Event, Pool, moves
from acdc.tasks.reflection import Checker, checked
from acdc.tasks.scientist import Draft, Rejection, Request, Scientist
from acdc.tasks.settings import TaskSettings
from acdc.tasks.task_family import TaskFamily, task_id


def static_order(ids: Sequence[str], seed: int) -> tuple[str, ...]:
    """All ids in the order, drawn by seed, in which the window passes over them."""
    return tuple(ids[i] for i in stream(seed, "static tasks").permutation(len(ids)))


def rotated(pool: Pool, settings: TaskSettings, generation: int) -> tuple[Pool, list[Event]]:
    """The pool with the window of this generation active; faulty tasks are passed over."""
    step = 0 if settings.static_active == "fixed" else generation // settings.interval * settings.adapt
    start = step % len(pool.order)
    usable = [one for one in (*pool.order[start:], *pool.order[:start]) if one not in pool.retired]
    new = pool.with_active(usable[: settings.cap])
    return new, moves(pool, new, generation)


def frozen(pool: Pool, settings: TaskSettings, seed: int) -> tuple[Pool, list[Event]]:
    """The first window over all tasks of a pool."""
    return rotated(replace(pool, active=(), order=static_order(list(pool.tasks), seed)), settings, 0)


def from_file(path: Path, scientist: Scientist, checker: Checker, seed: int) -> tuple[Pool, list[Event]]:
    """The pool of a file, its tasks in the order of the file; each must run and give its own reference 1.

    Args:
        path: The file.
        scientist: Of the run; it is asked nothing.
        checker: What tasks have to pass; its settings are those of the run.
        seed: The run seed: in which order the window passes over the tasks.

    Raises:
        InputError: The file cannot be read, or a task fails its checks; the message names its id.
        InfrastructureError: The sandbox is out of reach.
    """
    records = task_file.read(path)
    settings = checker.settings
    alone = settings.model_copy(update={"reflections": 0, "require_self_solve": True})
    strict = replace(checker, settings=alone)
    tasks: list[TaskFamily] = []
    for start in range(0, len(records), settings.micro_batch):
        batch = records[start : start + settings.micro_batch]
        requests = [Request(task_id(start + i), "seed", 0, 0) for i in range(len(batch))]
        drafts: list[Draft | Rejection] = [record.draft for record in batch]
        results = checked(requests, lambda _, drafts=drafts: drafts, scientist, strict)  # type: ignore[misc]
        for record, result in zip(batch, results, strict=True):
            if isinstance(result, Rejection):
                raise InputError(
                    f"{path}: task {record.id!r} fails its checks ({result.reason}: {result.detail}); "
                    "test it with `acdc task run`, or remove it"
                )
            tasks.append(replace(result, group=record.group))
    pool = replace(Pool({}, ()).with_tasks(tasks), next_number=len(tasks))
    accepted = [Event("accepted", task.id, 0, task.name) for task in tasks]
    pool, entered = frozen(pool, settings, seed)
    return pool, accepted + entered
