"""The task pool of a run, tied to its store: the loop asks here which tasks are active, and tells it what was found.

The pool itself is an immutable value (:mod:`acdc.tasks.pool`); this class holds the present one, and writes every new
one together with its tasks and events in one transaction.
"""

import json
from collections import Counter
from collections.abc import Mapping

from acdc.coevolution.replay import TaskReplay
from acdc.storage.store import RunStore, dump
from acdc.tasks import evolution
from acdc.tasks.evolution import Staff
from acdc.tasks.pool import Event, Pool, moves, retire
from acdc.tasks.settings import TaskSettings
from acdc.tasks.task_family import TaskFamily


class TaskKeeper:
    """The present pool of a run.

    Guarantees that tasks found at fault in this run stay out, also where pools are replayed.

    Args:
        store: The run's store; the pool as of the last finished generation is taken from it.
        staff: Scientist, sandbox and embedder.
        settings: The run's task settings.
        seed: The run seed.
        replay: Gives the pools in place of scientist and sandbox.
    """

    def __init__(
        self,
        store: RunStore,
        staff: Staff,
        settings: TaskSettings,
        seed: int,
        replay: TaskReplay | None = None,
    ) -> None:
        self._store, self._staff, self._settings, self._seed = store, staff, settings, seed
        self._replay = replay
        finished = store.generations()
        self._pool: Pool | None = None
        self._generation = 0
        for row in store.pools():
            if finished and row.generation <= finished[-1].generation:
                self._load(row.generation)

    def active(self) -> list[TaskFamily]:
        """The active tasks, oldest first."""
        return self._present().active_tasks

    def prepare(self) -> dict[str, int]:
        """Make the first pool, or take the one that an interrupted start had made. Returns counts of what happened."""
        if any(row.generation == 0 for row in self._store.pools()):
            return self._load(0)
        if self._replay is None:
            pool, events = evolution.initial(self._staff, self._settings, self._seed)
        else:
            pool = self._replay.at(0)
            events = moves(Pool({}, ()), pool, 0)
        return self._write(0, pool, events, known=frozenset())

    def evolve(self, generation: int, pass_rates: Mapping[str, float]) -> dict[str, int]:
        """Evolve the pool at the end of ``generation``.

        Args:
            generation: Number of the generation.
            pass_rates: Share of the archive that passes each column ``task/example``.

        Returns:
            Counts of what happened, by kind of event.
        """
        if any(row.generation == generation for row in self._store.pools()):
            return self._load(generation)
        before = self._present()
        rates = _by_task(pass_rates)
        if self._replay is None:
            pool, events = evolution.evolve(
                before, rates, self._staff, self._settings, self._seed, generation
            )
        else:
            pool = self._replay.at(generation, before.retired)
            events = moves(before, pool, generation)
        return self._write(generation, pool, events, known=frozenset(before.tasks))

    def retire(self, faults: Mapping[str, str]) -> None:
        """Take tasks out that are at fault themselves (ids and the errors that showed it)."""
        pool = self._present()
        new = [task for task in faults if task not in pool.retired]
        if not new:
            return
        self._pool, events = retire(pool, new, self._generation)
        with self._store.transaction():
            self._store.append_pool_events(
                self._generation, dump(self._pool.to_json()), [event.to_json() for event in events]
            )

    def _present(self) -> Pool:
        if self._pool is None:
            raise RuntimeError("the task pool is read before `prepare` has made it")
        return self._pool

    def _load(self, generation: int) -> dict[str, int]:
        present = next(row for row in self._store.pools() if row.generation == generation)
        tasks = [TaskFamily.from_json(json.loads(row.document)) for row in self._store.tasks()]
        self._pool = Pool.from_json(json.loads(present.snapshot), tasks)
        self._generation = generation
        return self._store.pool_counts(generation)

    def _write(
        self, generation: int, pool: Pool, events: list[Event], known: frozenset[str]
    ) -> dict[str, int]:
        new = [
            (task.id, generation, dump(task.to_json()))
            for task in pool.tasks.values()
            if task.id not in known
        ]
        counts = dict(sorted(Counter[str](event.kind for event in events).items()))
        told = dump([event.to_json() for event in events])
        with self._store.transaction():
            self._store.add_tasks(new)
            self._store.add_pool(generation, dump(pool.to_json()), told, dict(counts))
        self._pool, self._generation = pool, generation
        return dict(counts)


def _by_task(pass_rates: Mapping[str, float]) -> dict[str, float]:
    """The mean over a task's examples."""
    values: dict[str, list[float]] = {}
    for column, rate in pass_rates.items():
        values.setdefault(column.partition("/")[0], []).append(rate)
    return {task: sum(rates) / len(rates) for task, rates in values.items()}
