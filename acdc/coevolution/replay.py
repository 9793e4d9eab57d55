"""What the loop takes from another run: its pools of tasks, or its models and archives, generation by generation."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from acdc.storage.store import IndividualRow, RunStore, dump
from acdc.tasks.pool import Pool
from acdc.tasks.task_family import TaskFamily


class TaskReplay:
    """The pools of a finished run up to a generation.

    Args:
        store: The finished run, open.
        last: Generations after this one are not looked at.
    """

    def __init__(self, store: RunStore, last: int) -> None:
        tasks = [TaskFamily.from_json(json.loads(row.document)) for row in store.tasks()]
        self._pools = [
            (row.generation, Pool.from_json(json.loads(row.snapshot), tasks))
            for row in store.pools()
            if row.generation <= last
        ]

    @property
    def content_hash(self) -> str:
        """Hash of all pools and of every task in them."""
        return _hash(
            [
                [number, pool.to_json(), [task.to_json() for task in pool.tasks.values()]]
                for number, pool in self._pools
            ]
        )

    def at(self, generation: int, retired: Sequence[str] = ()) -> Pool:
        """The pool as that run had it after this generation, at the end of that interval.

        Args:
            generation: Of the run that replays; between two pools the earlier one holds.
            retired: Tasks that this run found at fault itself.
        """
        pool = [pool for number, pool in self._pools if number <= generation][-1]
        own = [one for one in retired if one not in pool.retired]
        active = [one for one in pool.active if one not in own]
        return replace(pool, retired=(*pool.retired, *own)).with_active(active)


class ModelReplay:
    """The individuals and archives of a finished run up to a generation.

    Args:
        store: The finished run, open.
        last: Generations after this one are not looked at.
    """

    def __init__(self, store: RunStore, last: int) -> None:
        self._rows = [row for row in store.individuals() if row.generation <= last]
        self._generations = {row.generation: row for row in store.generations() if row.generation <= last}

    @property
    def content_hash(self) -> str:
        """Hash of all individuals and archives."""
        made = [row[:5] for row in self._rows]  # what a judge found of them does not count
        return _hash([made, [self._generations[n].archive for n in sorted(self._generations)]])

    def created_in(self, generation: int) -> list[IndividualRow]:
        """The individuals created in a generation, in order of creation."""
        return [row for row in self._rows if row.generation == generation]

    def archive(self, generation: int) -> list[str]:
        """The archive at the end of a generation, best first."""
        return list(self._generations[generation].archive)


def _hash(content: object) -> str:
    return hashlib.blake2b(dump(content).encode(), digest_size=16).hexdigest()
