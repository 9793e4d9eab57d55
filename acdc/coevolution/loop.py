"""The loop: coevolve a population of models with a pool of tasks (method §1, paper section 3).

Reads top down: :func:`coevolve` is the algorithm, its steps are in :mod:`acdc.coevolution.steps`. Every draw has its own
random stream and every expensive result is in the store before the next step begins, so a run that was killed goes on
where it was and ends with the same bytes.
"""

from collections.abc import Callable

from acdc.coevolution.steps import Steps, World
from acdc.config.evolution import EvolutionSettings
from acdc.storage.store import Generation

__all__ = ["Observer", "World", "coevolve"]

Observer = Callable[..., None]


def coevolve(
    world: World, settings: EvolutionSettings, seed: int, observe: Observer = lambda **_: None
) -> None:
    """Run the loop until ``settings.generations`` are done, from wherever the store says it is.

    Args:
        world: What the run acts on.
        settings: The run's settings.
        seed: The run seed: key of every random stream.
        observe: Told of every finished generation.

    Raises:
        InfrastructureError: More cells are missing than ``max_missing`` allows.
        NotEnoughDataError: No individual or no task is left.
    """
    step, history = Steps(world, settings, seed), world.store.generations()
    last = history[-1] if history else None
    for number in range(0 if last is None else last.generation + 1, settings.generations + 1):
        if world.models is not None or (settings.models is not None and last is not None):
            last = _with_frozen_models(step, number, last)
        elif last is None:
            last = _initial_generation(step)
        else:
            last = _next_generation(step, number, list(last.archive))
        observe(generation=number, of=settings.generations, **last.statistics)


def _initial_generation(step: Steps) -> Generation:
    """Generation 0: the seeds unchanged, children of random pairs of seeds until the population is full."""
    world, settings = step.world, step.settings
    seeds = world.population.seeds()
    missing = max(0, settings.population - len(seeds))
    children, redrawn = world.population.breed(seeds, settings, step.seed, 0, count=missing)
    kinds = world.keeper.prepare()
    step.examine(seeds + children)
    readable = step.readable(children)
    archive, rejected = step.select(0, seeds + readable)
    counts = {"gibberish": len(children) - len(readable), "redrawn_weights": redrawn}
    return step.close(0, archive, rejected, seeds + children, counts, kinds)


def _next_generation(step: Steps, number: int, archive: list[str]) -> Generation:
    """Breed, examine, filter, select; at the end of an interval the tasks evolve, and the same models are selected anew."""
    population = step.world.population
    possible, odds = step.parents(number, archive)
    children, redrawn = population.breed(possible, step.settings, step.seed, number, odds=odds)
    step.examine(children)
    readable = step.readable(children)
    archive, rejected = step.select(number, archive + readable)
    kinds = step.evolve_tasks(number, archive)
    if kinds is not None:
        step.examine(archive + rejected)  # backfill
        archive, rejected = step.select(number, archive + rejected)
    counts = {"gibberish": len(children) - len(readable), "redrawn_weights": redrawn}
    return step.close(number, archive, rejected, children, counts, kinds or {})


def _with_frozen_models(step: Steps, number: int, before: Generation | None) -> Generation:
    """A generation in which only tasks evolve: the archive is another run's, or stays the founders'."""
    world = step.world
    kinds = world.keeper.prepare() if before is None else {}
    new_ids: list[str] = []
    archive = list(before.archive) if before is not None else []
    if world.models is not None:
        new_ids, archive = (
            world.population.adopt(world.models.created_in(number)),
            world.models.archive(number),
        )
    step.examine(archive)
    evolved = step.evolve_tasks(number, archive)
    if evolved is not None:
        kinds = evolved
        step.examine(archive)  # backfill
    return step.close(number, archive, [], new_ids, {"gibberish": 0, "redrawn_weights": 0}, kinds)
