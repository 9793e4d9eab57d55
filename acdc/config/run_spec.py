"""One run with everything that decides it: which run, its resolved settings, and the runs that it replays.

A command resolves this once (:meth:`acdc.config.config.Config.run_spec`) and hands it on: code below a command
never asks ``params.yaml`` for a variant again.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from acdc.config.evolution import EvolutionSettings
from acdc.errors import InputError
from acdc.parsing.validation import nearest
from acdc.tasks.settings import ReplaySettings


class RunKey(NamedTuple):
    """Which run: names of ``params.yaml`` and the run seed."""

    family: str
    variant: str
    seed: int


@dataclass(frozen=True)
class RunSpec:
    """A run, resolved.

    Attributes:
        key: Which run.
        settings: Preset, overlays and variant, merged and checked.
        needed: Runs that must be finished before this one begins.
    """

    key: RunKey
    settings: EvolutionSettings
    needed: "tuple[Other, ...]" = ()


@dataclass(frozen=True)
class Other:
    """A run that another needs.

    Attributes:
        what: What is taken from it: "tasks" or "models".
        run: The needed run, which needs none itself.
    """

    what: str
    run: RunSpec

    def directory(self, cell: Path) -> Path:
        """Where it is, seen from the directory of all run seeds of the variant that needs it."""
        return cell.parent / self.run.key.variant / f"seed-{self.run.key.seed}"


def resolve(
    key: RunKey, settings_of: Callable[[str, str], EvolutionSettings], variants: Collection[str]
) -> RunSpec:
    """Put a run together.

    Args:
        key: Which run.
        settings_of: Gives the settings of (family, variant).
        variants: All variants that there are.

    Raises:
        InputError: A replayed variant does not exist, or replays another run itself.
    """
    settings = settings_of(key.family, key.variant)
    needed = []
    for what, replay in _replays(settings):
        where = f"variants.{key.variant}: replays the {what} of '{replay.variant}', which"
        if replay.variant not in variants:
            raise InputError(f"{where} is no variant; {nearest(replay.variant, variants)}")
        other = settings_of(key.family, replay.variant)
        if _replays(other):
            raise InputError(f"{where} replays another run itself; name a variant in which both evolve")
        there = RunKey(key.family, replay.variant, key.seed + replay.seed_offset)
        needed.append(Other(what, RunSpec(there, other)))
    return RunSpec(key, settings, tuple(needed))


def _replays(settings: EvolutionSettings) -> list[tuple[str, ReplaySettings]]:
    """What is taken from another run, and from which."""
    halves = (("tasks", settings.tasks.replay), ("models", settings.models))
    return [(what, replay) for what, replay in halves if isinstance(replay, ReplaySettings)]
