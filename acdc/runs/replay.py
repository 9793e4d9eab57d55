"""The tasks or the models of another run, replayed generation by generation while the other half evolves.

Whether it is coevolution that helps, or only good tasks, or only good models, shows when one half comes from a run in which it did not
answer to the other half of this one:

    tasks.replay   the pools of another run, each active from the generation in which it was made; models evolve on them
    models         the archives of another run, or the founders for good; tasks evolve against them, no model is bred or selected

The other run is of the same family, of any variant, with the run seed plus `seed_offset`. With the offset 0 and the same variant the tasks
would be those that this run makes itself: replaying them gives that run again (a test does it). So the default is the next run seed.

The other run must be finished, of today's settings, and no shorter than this one. A hash of what is taken from it is part of the
settings hash of this run.
"""

from pathlib import Path

from acdc.coevolution.replay import ModelReplay, TaskReplay
from acdc.config.config import Config
from acdc.config.run_spec import Other, RunSpec
from acdc.errors import InputError
from acdc.runs.settings_hash import asked, check_made_of
from acdc.storage.store import RunStore


class Replays:
    """What a run takes from others, read once.

    Args:
        config: All settings.
        run: The run that takes it.
        cell: Directory of all run seeds of its variant.

    Raises:
        InputError: A needed run is not finished, of other settings, or too short.

    Attributes:
        tasks: Its tasks, where they come from another run.
        models: Its models, likewise.
    """

    def __init__(self, config: Config, run: RunSpec, cell: Path) -> None:
        self.tasks: TaskReplay | None = None
        self.models: ModelReplay | None = None
        for other in run.needed:
            with opened(config, run, other, cell) as store:
                if other.what == "tasks":
                    self.tasks = TaskReplay(store, run.settings.generations)
                else:
                    self.models = ModelReplay(store, run.settings.generations)

    @property
    def identities(self) -> dict[str, str]:
        """Content hashes of what is taken: part of what makes the run this run. Empty for a run that needs none."""
        parts = {"tasks": self.tasks, "models": self.models}
        return {name: part.content_hash for name, part in parts.items() if part is not None}


def opened(config: Config, run: RunSpec, other: Other, cell: Path) -> RunStore:
    """The finished store of a run that another needs.

    Raises:
        InputError: As :class:`Replays`.
    """
    directory, there = other.directory(cell), other.run.key
    command = f"acdc evolve {there.family} {there.variant} --seed {there.seed}"
    why = f"{run.key.family}/{run.key.variant} replays its {other.what}"
    if not (directory / "run.sqlite").is_file():
        raise InputError(f"{directory}: no finished run, but {why}; run `{command}` first")
    store = RunStore.read(directory)
    try:
        check_made_of(store, asked(config, other.run), there)
        done, wanted = store.generations()[-1].generation, run.settings.generations
        if done < wanted:
            raise InputError(
                f"{directory}: the run has {done} generations, but {why} for {wanted}; run `{command}` with {wanted} generations"
            )
    except InputError:
        store.close()
        raise
    return store
