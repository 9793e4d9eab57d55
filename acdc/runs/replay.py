"""The tasks or the models of another run, replayed generation by generation while the other half evolves.

Whether it is coevolution that helps, or only good tasks, or only good models, shows when one half comes from a run in which it did not
answer to the other half of this one:

    tasks.replay   the pools of another run, each active from the generation in which it was made; models evolve on them
    models         the archives of another run, or the founders for good; tasks evolve against them, nobody is bred or selected

The other run is of the same family, of any variant, with the run seed plus `seed_offset`. With the offset 0 and the same variant the tasks
would be those that this run makes itself: replaying them gives that run again (a test does it). So the default is the next run seed.

The other run must be finished, of today's settings, and no shorter than this one. A hash of what is taken from it is part of the
settings hash of this run.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.config.evolution import EvolutionSettings
from acdc.errors import InputError
from acdc.storage.store import RunStore, dump
from acdc.tasks.pool import Pool
from acdc.tasks.settings import ReplaySettings
from acdc.tasks.task_family import TaskFamily

if TYPE_CHECKING:
    from acdc.config.config import Config

Individual = tuple[int, str, int, str, str]
"""Born, id, generation, recipe, weights hash: a row of the store."""


@dataclass(frozen=True)
class Other:
    """A run that another needs.

    Attributes:
        what: "tasks" or "models".
        variant: Of the needed run.
        seed: Its run seed.
    """

    what: str
    variant: str
    seed: int

    def directory(self, cell: Path) -> Path:
        """Where it is, seen from the directory of all run seeds of the variant that needs it."""
        return cell.parent / self.variant / f"seed-{self.seed}"


def needed(settings: EvolutionSettings, seed: int) -> list[Other]:
    """The runs that a run needs to be finished before it begins.

    Args:
        settings: Of the run.
        seed: Its run seed.
    """
    found = []
    if settings.tasks.replay is not None:
        found.append(_other("tasks", settings.tasks.replay, seed))
    if isinstance(settings.models, ReplaySettings):
        found.append(_other("models", settings.models, seed))
    return found


def _other(what: str, settings: ReplaySettings, seed: int) -> Other:
    return Other(what, settings.variant, seed + settings.seed_offset)


class TaskReplay:
    """The pools of a finished run up to a generation.

    Args:
        store: The finished run, open.
        last: Generations after this one are not looked at.
    """

    def __init__(self, store: RunStore, last: int) -> None:
        tasks = [TaskFamily.from_json(json.loads(document)) for _, _, document in store.tasks()]
        rows = [row for row in store.pools() if row[0] <= last]
        self._pools = [(number, Pool.from_json(json.loads(snapshot), tasks)) for number, snapshot, _ in rows]

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
        self._rows = [row[:5] for row in store.individuals() if row[2] <= last]
        self._generations = {row.generation: row for row in store.generations() if row.generation <= last}

    @property
    def content_hash(self) -> str:
        """Hash of all individuals and archives."""
        return _hash([self._rows, [self._generations[n].archive for n in sorted(self._generations)]])

    def born_in(self, generation: int) -> list[Individual]:
        """Everybody born in a generation, in order of birth."""
        return [row for row in self._rows if row[2] == generation]

    def archive(self, generation: int) -> list[str]:
        """The archive at the end of a generation, best first."""
        return list(self._generations[generation].archive)


class Replays:
    """What a run takes from others, read once.

    Args:
        config: All settings.
        family: Of models.
        variant: Of the run.
        seed: Its run seed.
        cell: Directory of all run seeds of the variant.

    Raises:
        InputError: A needed run is not finished, of other settings, or too short.

    Attributes:
        tasks: Its tasks, where they come from another run.
        models: Its models, likewise.
    """

    def __init__(self, config: "Config", family: str, variant: str, seed: int, cell: Path) -> None:
        settings = config.evolution(family, variant)
        self.tasks: TaskReplay | None = None
        self.models: ModelReplay | None = None
        for other in needed(settings, seed):
            with opened(config, family, variant, other, cell) as store:
                if other.what == "tasks":
                    self.tasks = TaskReplay(store, settings.generations)
                else:
                    self.models = ModelReplay(store, settings.generations)

    @property
    def identities(self) -> dict[str, str]:
        """Content hashes of what is taken: part of what makes the run this run. Empty for a run that needs none."""
        parts = {"tasks": self.tasks, "models": self.models}
        return {name: part.content_hash for name, part in parts.items() if part is not None}


def require_current(config: "Config", cell: Path, family: str, variant: str, seeds: Sequence[int]) -> None:
    """Refuse runs that replay another which has changed since; runs that replay none are not looked at.

    A pipeline that does not know of the dependency would otherwise go on with what they were.

    Args:
        config: All settings.
        cell: Directory of all run seeds of the variant.
        family: Of models.
        variant: Of the runs.
        seeds: Run seeds.

    Raises:
        InputError: Says what to run.
    """
    from acdc.runs.settings_hash import check_asked

    for seed in seeds:
        directory = cell / f"seed-{seed}"
        if needed(config.evolution(family, variant), seed) and (directory / "run.sqlite").is_file():
            with RunStore.read(directory) as store:
                check_asked(store, config, family, variant)


def opened(config: "Config", family: str, variant: str, other: Other, cell: Path) -> RunStore:
    """The finished store of a needed run.

    Raises:
        InputError: As :class:`Replays`.
    """
    from acdc.runs.settings_hash import check_asked

    directory = other.directory(cell)
    command = f"acdc evolve {family} {other.variant} --seed {other.seed}"
    why = f"{family}/{variant} replays its {other.what}"
    if not (directory / "run.sqlite").is_file():
        raise InputError(f"{directory}: no finished run there, and {why}; run `{command}` first")
    store = RunStore.read(directory)
    try:
        check_asked(store, config, family, other.variant)
        done, wanted = store.generations()[-1].generation, config.evolution(family, variant).generations
        if done < wanted:
            raise InputError(
                f"{directory}: has {done} generations, and {why} for {wanted}; run `{command}` with as many generations"
            )
    except InputError:
        store.close()
        raise
    return store


def _hash(content: object) -> str:
    return hashlib.blake2b(dump(content).encode(), digest_size=16).hexdigest()
