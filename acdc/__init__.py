"""AC/DC: evolve language models together with the tasks that test them, then choose a task force.

This floor is the method (arXiv:2604.14969). It knows no benchmark: `evals` measures what it finds, and
`reproductions` turns measurements into tables and a report.

The names of `__all__` are the public API. Each is imported from its room when it is first used (PEP 562), so
``import acdc`` takes milliseconds. ``from acdc import greedy`` and ``from acdc.taskforce import greedy`` are the same.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acdc.coevolution import World, coevolve
    from acdc.config.config import Config, load, parse
    from acdc.engines import Answer, Engine, Request, Sampling, open_engine
    from acdc.errors import AcdcError
    from acdc.population import Individual, Population, Recipe
    from acdc.sandbox import Sandbox, SandboxSettings
    from acdc.selection.dns import difficulty_weights, dominated_novelty, survivors
    from acdc.skills import SkillMatrix, coverage
    from acdc.storage.store import RunStore
    from acdc.streams import stream
    from acdc.taskforce import exact, greedy
    from acdc.variation import linear, svd_noise
    from acdc.weights import read_weights, save_weights, weights_hash

_ROOMS = {
    "acdc.coevolution": ("World", "coevolve"),
    "acdc.config.config": ("Config", "load", "parse"),
    "acdc.engines": ("Answer", "Engine", "Request", "Sampling", "open_engine"),
    "acdc.errors": ("AcdcError",),
    "acdc.population": ("Individual", "Population", "Recipe"),
    "acdc.sandbox": ("Sandbox", "SandboxSettings"),
    "acdc.selection.dns": ("difficulty_weights", "dominated_novelty", "survivors"),
    "acdc.skills": ("SkillMatrix", "coverage"),
    "acdc.storage.store": ("RunStore",),
    "acdc.streams": ("stream",),
    "acdc.taskforce": ("exact", "greedy"),
    "acdc.variation": ("linear", "svd_noise"),
    "acdc.weights": ("read_weights", "save_weights", "weights_hash"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "AcdcError",
    "Answer",
    "Config",
    "Engine",
    "Individual",
    "Population",
    "Recipe",
    "Request",
    "RunStore",
    "Sampling",
    "Sandbox",
    "SandboxSettings",
    "SkillMatrix",
    "World",
    "coevolve",
    "coverage",
    "difficulty_weights",
    "dominated_novelty",
    "exact",
    "greedy",
    "linear",
    "load",
    "open_engine",
    "parse",
    "read_weights",
    "save_weights",
    "stream",
    "survivors",
    "svd_noise",
    "weights_hash",
]


def __getattr__(name: str) -> object:
    """A public name, imported from its room; an AttributeError names what is not public."""
    if room := _ROOM_OF.get(name):
        found: object = getattr(importlib.import_module(room), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
