"""From a finished run to its task forces: candidates × all tasks ever active → who belongs together (method §5).

The candidates are the archives of every ``candidates_every``-th generation and of the last; with the rule ``none``
everybody is. Both candidates and tasks are thinned by seed to the same numbers for every variant, so that no variant
wins by having more to choose from or more to choose by. What is not in the run yet is answered now, into a side store
that a killed process goes on from.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acdc.config.evolution import EvolutionSettings, TaskforceSettings
from acdc.errors import InputError, NotEnoughDataError
from acdc.parsing.validation import nearest
from acdc.skills import SkillMatrix, coverage
from acdc.storage.store import Generation, IndividualRow
from acdc.streams import stream
from acdc.taskforce import maximum_coverage as taskforce


@dataclass(frozen=True)
class Candidate:
    """An individual that may become a member."""

    id: str
    created: int
    generation: int
    weights_hash: str
    recipe: str


@dataclass(frozen=True)
class ExactForce:
    """The optimum of a size: its members, the share of tasks they cover, and a bound that no others exceed.

    `proven` says that no others cover more.
    """

    members: list[str]
    coverage: float
    bound: float
    proven: bool


@dataclass(frozen=True)
class Choice:
    """Task forces of every size by every rule, as the file of task forces has them.

    Attributes:
        forces: Members in order of choice, by rule.
        synthetic: Share of the choice tasks that they cover, by rule and size.
        exact: The optimum by size.
        fitness: Share of the choice tasks that each candidate passes.
        tasks: Columns with a result for every candidate.
        dropped_tasks: How many columns had none for some.
        skills: For each candidate one 0 or 1 a column.
        absent_seeds: Seeds that are no candidates.
    """

    forces: dict[str, list[str]]
    synthetic: dict[str, dict[str, float]]
    exact: dict[str, ExactForce]
    fitness: dict[str, float]
    tasks: list[str]
    dropped_tasks: int
    skills: dict[str, str]
    absent_seeds: list[str]


@dataclass(frozen=True)
class EarlierForce:
    """What an earlier generation would have given: members in order of choice, and how many candidates and tasks it had."""

    members: list[str]
    candidates: int
    tasks: int


def candidates(
    individuals: Sequence[IndividualRow],
    generations: Sequence[Generation],
    settings: EvolutionSettings,
    limit: int | None,
    seed: int,
    *,
    forced: Sequence[str] = (),
) -> list[Candidate]:
    """Who may be chosen, oldest first.

    Args:
        individuals: Rows of the store.
        generations: Rows of the store.
        settings: Of the run; its last generation is the run's last.
        limit: Most candidates, drawn by seed from more; None takes all.
        seed: Run seed.
        forced: Seeds that are candidates in any case.

    Raises:
        InputError: A forced seed is none of the run.
    """
    seeds = [row.id for row in individuals if json.loads(row.recipe).get("kind") == "seed"]
    for name in forced:
        if name not in seeds:
            raise InputError(f"taskforce.forced: {name} is no seed; {nearest(name, seeds)}")
    eligible = eligible_by(generations[-1].generation, individuals, generations, settings)
    found = [candidate for candidate in _all(individuals) if candidate.id in eligible]
    drawn = _thinned(
        [c for c in found if c.id not in forced], limit and limit - len(forced), seed, "taskforce candidates"
    )
    return sorted([*drawn, *(c for c in _all(individuals) if c.id in forced)], key=lambda c: c.created)


def eligible_by(
    generation: int,
    individuals: Sequence[IndividualRow],
    generations: Sequence[Generation],
    settings: EvolutionSettings,
) -> set[str]:
    """Who is a candidate of a run that ended with this generation, before thinning; arguments as for :func:`candidates`."""
    if settings.selection.rule == "none":
        return {row.id for row in individuals if row.generation <= generation and not row.is_gibberish}
    return {
        member
        for row in generations
        if row.generation == generation
        or (row.generation < generation and row.generation % settings.candidates_every == 0)
        for member in row.archive
    }


def _all(individuals: Sequence[IndividualRow]) -> list[Candidate]:
    return [
        Candidate(row.id, row.created, row.generation, row.weights_hash, row.recipe) for row in individuals
    ]


def choice_tasks(tasks: Sequence[str], limit: int | None, seed: int) -> list[str]:
    """The tasks that the choice is made by, in order of ids; drawn by seed where there are more than ``limit``."""
    return _thinned(list(tasks), limit, seed, "choice tasks")


def choose(matrix: SkillMatrix, settings: TaskforceSettings, seed: int, seeds: Sequence[str] = ()) -> Choice:
    """Task forces of every size by every rule.

    Args:
        matrix: Candidates, oldest first, × choice tasks; incomplete columns are left out.
        settings: Sizes, forced and excluded seeds, node limit.
        seed: Run seed, for the random rule.
        seeds: Candidates that are seed models, for a clear error about forced ones.

    Raises:
        NotEnoughDataError: No task has a result for every candidate, or there are fewer candidates than the smallest size.
    """
    complete = matrix.complete()
    if not complete.tasks:
        raise NotEnoughDataError(
            "no task has a result for every candidate, so coverage cannot choose a task force; run the same command "
            "again: it asks the missing results again"
        )
    skills, names = complete.skills, complete.individuals
    sizes = [n for n in settings.sizes if n <= len(names)]
    if not sizes:
        raise NotEnoughDataError(
            f"there are {len(names)} candidates, too few for a task force of {min(settings.sizes)}"
        )
    place = {name: i for i, name in enumerate(names)}
    forced = [place[name] for name in settings.forced if name in place]
    excluded = [place[name] for name in settings.excluded if name in place]
    largest = min(max(sizes), len(names) - len(excluded))
    orders = {rule: _ordered(rule, skills, largest, seed, forced, excluded) for rule in settings.rules}
    exact = {}
    for n in (n for n in sizes if n <= largest):
        optimum = taskforce.exact(skills, n, forced=forced, excluded=excluded, node_limit=settings.node_limit)
        members = [names[i] for i in optimum.indices]
        exact[str(n)] = ExactForce(members, optimum.coverage, optimum.bound, optimum.proven)
    return Choice(
        forces={rule: [names[i] for i in order] for rule, order in orders.items()},
        synthetic={
            rule: {str(n): coverage(skills[order[:n]]) for n in sizes if n <= largest}
            for rule, order in orders.items()
        },
        exact=exact,
        fitness={name: float(value) for name, value in zip(names, skills.mean(axis=1), strict=True)},
        tasks=list(complete.tasks),
        dropped_tasks=len(matrix.tasks) - len(complete.tasks),
        skills={
            name: "".join("01"[int(cell)] for cell in row) for name, row in zip(names, skills, strict=True)
        },
        absent_seeds=[name for name in seeds if name not in place],
    )


def choose_at(
    matrix: SkillMatrix, settings: TaskforceSettings, present: Collection[str], active: Collection[str]
) -> EarlierForce | None:
    """The task force by coverage that an earlier generation would have given, from the same candidates and tasks.

    Args:
        matrix: Candidates × choice tasks, as for :func:`choose`.
        settings: Sizes, forced and excluded seeds.
        present: Candidates that were in an archive by then; others are left out.
        active: Ids of tasks that were active by then; others do not count.

    Returns:
        None where there was no candidate or no task.
    """
    complete = matrix.complete()
    rows = [i for i, name in enumerate(complete.individuals) if name in present]
    columns = [t for t, name in enumerate(complete.tasks) if name.partition("/")[0] in active]
    if not rows or not columns:
        return None
    skills = complete.skills[np.ix_(rows, columns)]
    names = [complete.individuals[i] for i in rows]
    forced = [names.index(name) for name in settings.forced if name in names]
    excluded = [names.index(name) for name in settings.excluded if name in names]
    largest = min(max(settings.sizes), len(names) - len(excluded))
    order = taskforce.greedy(skills, largest, forced=forced, excluded=excluded)
    return EarlierForce([names[i] for i in order], len(rows), len(columns))


def _ordered(
    rule: str, skills: NDArray[np.bool_], n: int, seed: int, forced: Sequence[int], excluded: Sequence[int]
) -> NDArray[np.intp]:
    """The n that a rule chooses, in order of choice."""
    if rule == "random":
        generator = stream(seed, "random taskforce")
        return taskforce.by_random(skills, n, generator, forced=forced, excluded=excluded)
    rules = {"coverage": taskforce.greedy, "fitness": taskforce.by_fitness, "dns": taskforce.by_dns}
    return rules[rule](skills, n, forced=forced, excluded=excluded)


def _thinned(items: list[Any], limit: int | None, seed: int, purpose: str) -> list[Any]:
    if limit is None or len(items) <= limit:
        return items
    drawn = stream(seed, purpose).permutation(len(items))[:limit]
    return [items[i] for i in sorted(drawn.tolist())]
