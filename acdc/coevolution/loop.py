"""The loop: coevolve a population of models with a pool of tasks (method §1, paper section 3).

Reads top down: :func:`coevolve` is the algorithm, everything below is one of its steps. A step asks (which cells, which
tasks) and others tell; selection never evaluates and evaluation never selects. Every draw has its own random stream and
every expensive result is in the store before the next step begins, so a run that was killed goes on where it was and
ends with the same bytes.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from acdc.coevolution.examiner import Examiner, Subject
from acdc.coevolution.task_keeper import TaskKeeper
from acdc.config.evolution import EvolutionSettings
from acdc.errors import NotEnoughDataError
from acdc.judging.gibberish import GibberishJudge, shown
from acdc.population.population import Population
from acdc.runs.replay import ModelReplay
from acdc.selection.settings import chooses_parents, parents, select
from acdc.skills import SkillMatrix, coverage
from acdc.storage.journal import Journal
from acdc.storage.store import Generation, RunStore
from acdc.streams import stream
from acdc.tasks import evolution

Observer = Callable[..., None]


@dataclass(frozen=True)
class World:
    """What a run acts on and with. The parts are real models, a real sandbox and a real store, or a test's.

    `models` gives the archives where nobody is bred (``models: {variant: ...}``).
    """

    population: Population
    examiner: Examiner
    keeper: TaskKeeper
    gibberish: GibberishJudge | None
    store: RunStore
    journal: Journal
    models: ModelReplay | None = None


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
    history = world.store.generations()
    if not history:
        history = [_found(world, settings, seed)]
        observe(generation=0, of=settings.generations, **history[-1].statistics)
    for number in range(history[-1].generation + 1, settings.generations + 1):
        if settings.models is not None:
            history.append(_with_frozen_models(world, settings, number, history[-1]))
            observe(generation=number, of=settings.generations, **history[-1].statistics)
            continue
        archive = list(history[-1].archive)
        possible, odds = _parents(world, settings, number, archive)
        children, redrawn = world.population.breed(possible, settings, seed, number, odds=odds)
        _examine(world, settings, children)
        readable = [child for child in children if _is_readable(world, settings, seed, child)]
        archive, rejected = _select(world, settings, seed, number, archive + readable)
        kinds: dict[str, int] = {}
        if evolution.due(number, settings.tasks):
            rates = _matrix(world, archive)
            kinds = world.keeper.evolve(
                number, dict(zip(rates.tasks, rates.pass_rates.tolist(), strict=True))
            )
            _examine(world, settings, archive + rejected)  # backfill
            archive, rejected = _select(world, settings, seed, number, archive + rejected)
        counts = {"gibberish": len(children) - len(readable), "redrawn_weights": redrawn}
        row = _close(world, number, archive, rejected, children, counts, kinds)
        world.population.keep(archive, candidate=number % settings.candidates_every == 0)
        history.append(row)
        observe(generation=number, of=settings.generations, **row.statistics)


def _found(world: World, settings: EvolutionSettings, seed: int) -> Generation:
    """Generation 0: the seeds unchanged, children of random pairs of seeds until the population is full."""
    if world.models is not None:
        world.keeper.found()
        return _with_frozen_models(world, settings, 0, None)
    seeds = world.population.seeds()
    missing = max(0, settings.population - len(seeds))
    children, redrawn = world.population.breed(seeds, settings, seed, 0, count=missing)
    kinds = world.keeper.found()
    _examine(world, settings, seeds + children)
    readable = [child for child in children if _is_readable(world, settings, seed, child)]
    archive, rejected = _select(world, settings, seed, 0, seeds + readable)
    counts = {"gibberish": len(children) - len(readable), "redrawn_weights": redrawn}
    row = _close(world, 0, archive, rejected, seeds + children, counts, kinds)
    world.population.keep(archive, candidate=True)
    return row


def _with_frozen_models(
    world: World, settings: EvolutionSettings, number: int, before: Generation | None
) -> Generation:
    """A generation in which only tasks evolve: the archive is another run's, or stays the founders'."""
    newborn: list[str] = []
    archive = list(before.archive) if before is not None else []
    if world.models is not None:
        newborn, archive = world.population.adopt(world.models.born_in(number)), world.models.archive(number)
    _examine(world, settings, archive)
    kinds: dict[str, int] = world.store.pool_counts(0) if before is None else {}
    if evolution.due(number, settings.tasks):
        rates = _matrix(world, archive)
        kinds = world.keeper.evolve(number, dict(zip(rates.tasks, rates.pass_rates.tolist(), strict=True)))
        _examine(world, settings, archive)  # backfill
    row = _close(world, number, archive, [], newborn, {"gibberish": 0, "redrawn_weights": 0}, kinds)
    world.population.keep(archive, candidate=number % settings.candidates_every == 0)
    return row


def _examine(world: World, settings: EvolutionSettings, individuals: Sequence[str]) -> None:
    """Fill every open cell of these individuals on the active tasks; retire tasks that turn out to be at fault."""
    tasks = world.keeper.active()
    answers = tokens = 0
    subjects = [
        Subject(
            individual,
            world.population.weights_hash(individual),
            functools.partial(world.population.weights, individual),
        )
        for individual in individuals
    ]
    for cells in world.examiner.examine(subjects, tasks):
        answers, tokens = answers + len(cells), tokens + sum(cell.tokens for cell in cells)
    world.journal.note("examined", answers=answers, tokens=tokens)
    world.keeper.retire(world.examiner.task_faults(tasks))
    world.examiner.require_results(settings.max_missing)


def _is_readable(world: World, settings: EvolutionSettings, seed: int, individual: str) -> bool:
    """Whether the gibberish filter lets an individual pass (method §4); seeds are never asked."""
    if world.gibberish is None:
        return True
    known = world.store.gibberish(individual)
    if (
        known is not None
    ):  # judged before an interruption; by now there may be more answers, and others would be shown
        return not known["gibberish"]
    answers = shown(world.examiner.replies(individual), settings.gibberish.outputs, seed, individual)
    finding = world.gibberish.judge([answers])[0]
    with world.store.transaction():
        world.store.set_gibberish(individual, finding._asdict())
    return not finding.gibberish


def _matrix(world: World, individuals: Sequence[str]) -> SkillMatrix:
    """Skills on the active tasks, complete columns only."""
    return world.examiner.matrix(individuals, world.keeper.active()).complete()


def _niches(world: World, matrix: SkillMatrix) -> list[str]:
    """The niche of each column."""
    niches = {task.id: task.niche for task in world.keeper.active()}
    return [niches[column.partition("/")[0]] for column in matrix.tasks]


def _parents(
    world: World, settings: EvolutionSettings, generation: int, archive: Sequence[str]
) -> tuple[list[str], list[float] | None]:
    """Who may become a parent, with their odds where these are not equal."""
    if not chooses_parents(settings.selection):
        return list(archive), None
    matrix = _matrix(world, archive)
    born = [world.population.born(individual) for individual in archive]
    found = parents(settings.selection, matrix.skills, born, niches=_niches(world, matrix), turn=generation)
    if found is None:
        return list(archive), None
    return [archive[i] for i in found.indices], found.odds.tolist()


def _select(
    world: World, settings: EvolutionSettings, seed: int, generation: int, individuals: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The next archive, best first, and those who are not in it."""
    matrix = _matrix(world, individuals)
    if not individuals or not matrix.tasks:
        raise NotEnoughDataError(
            f"generation {generation}: {len(individuals)} individuals and {len(matrix.tasks)} tasks with a result for all "
            "of them are left, so nothing can be selected. Ask for more tasks "
            "(evolution.tasks.initial_target) or relax evolution.tasks.novelty."
        )
    born = [world.population.born(individual) for individual in individuals]
    if (
        settings.selection.rule == "none"
    ):  # the newest stay as company for the pool; every individual is a candidate
        order = sorted(range(len(born)), key=lambda i: -born[i])[: settings.population]
    else:
        generator = stream(seed, "selection", generation)
        size = settings.population
        order = select(
            settings.selection,
            matrix.skills,
            matrix.fitness,
            size,
            born,
            generator,
            niches=_niches(world, matrix),
            turn=generation,
        ).tolist()
    chosen = set(order)
    return [individuals[i] for i in order], [name for i, name in enumerate(individuals) if i not in chosen]


def _close(
    world: World,
    generation: int,
    archive: Sequence[str],
    rejected: Sequence[str],
    newborn: Sequence[str],
    counts: dict[str, int],
    kinds: dict[str, int],
) -> Generation:
    """Write the end of a generation with the figures that the report draws over generations."""
    matrix = _matrix(world, archive)
    statistics: dict[str, Any] = {
        "coverage": coverage(matrix.skills),
        "best_fitness": float(matrix.fitness.max()),
        "mean_fitness": float(matrix.fitness.mean()),
        "tasks": len(matrix.tasks),
        "newborn": len(newborn),
        **counts,
        "new_in_archive": len(set(newborn) & set(archive)),
        "task_events": kinds,
    }
    row = Generation(generation, tuple(archive), tuple(rejected), statistics)
    world.store.add_generation(row)
    world.journal.note(
        "generation", number=generation, **{k: statistics[k] for k in ("coverage", "best_fitness")}
    )
    return row
