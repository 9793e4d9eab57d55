"""Dominated Novelty Search: an individual is worth its distance from those who are fitter.

Source: Bahlous-Boldi et al., Dominated Novelty Search (2025), with the weighted skill distance of AC/DC (arXiv:2604.14969).
Guarantees: no loop over individuals and no evaluation; sums are taken over whole numbers, so a score does not depend,
not in its last bit, on the order of rows.
"""

from typing import Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import InputError
from acdc.selection.order import best_first, creation
from acdc.skills import as_skills

Distance = Literal["hamming", "skill_ratio"]
Denominator = Literal["all", "unsolved"]
Ties = Literal["ordered", "strict", "released"]


class Options(TypedDict, total=False):
    """The keywords of :func:`dominated_novelty`, described there."""

    k: int
    distance: Distance
    difficulty_weighted: bool
    denominator: Denominator
    ties: Ties
    age: ArrayLike | None


def difficulty_weights(skills: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(T,) share of rows that fail each task.

    Args:
        skills: (M, T) bool, M at least 1.
    """
    skills = as_skills(skills)
    return _fails(skills) / len(skills)


def dominated_novelty(
    skills: NDArray[np.bool_],
    fitness: ArrayLike,
    *,
    k: int = 3,
    distance: Distance = "skill_ratio",
    difficulty_weighted: bool = True,
    denominator: Denominator = "all",
    ties: Ties = "ordered",
    age: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """The mean of the k smallest distances from each individual to those who are fitter.

    Args:
        skills: (M, T) bool.
        fitness: (M,) finite.
        k: How many of the nearest count; fewer where fewer are fitter.
        distance: "skill_ratio", the (weighted) share of tasks that i solves and j fails; or "hamming", the share of
            tasks on which they differ, which knows neither weights nor denominators.
        difficulty_weighted: Whether a task counts by the share of rows that fail it, or 1.
        denominator: Of the skill ratio: the weight of "all" tasks, or of those that j fails ("unsolved"). 0/0 is 0.
        ties: Who counts as fitter at equal fitness. "ordered": the older. "strict": no individual, the formula in the paper.
            "released": none up to the first row without a fitter one, every equal one after it.
        age: (M,) creation numbers, smaller is older; row order where none is given.

    Returns:
        (M,) ratios in [0, 1], inf where no individual is fitter. Under "ordered" exactly one row is inf, and a clone of the
        fittest scores 0.

    Raises:
        InputError: Shapes do not fit, fitness is not finite, k is below 1, or a name is unknown.
    """
    skills = as_skills(skills)
    values = _fitness(fitness, len(skills))
    if k < 1:
        raise InputError(f"dns: k, the number of nearest neighbours, is at least 1; got {k}")
    distances = _distances(skills, distance, difficulty_weighted, denominator)
    distances[~_fitter(values, ties, age)] = np.inf
    nearest = np.sort(distances, axis=1)[:, :k]
    present = np.isfinite(nearest)
    counts = present.sum(axis=1)
    sums = np.where(present, nearest, 0.0).sum(axis=1)
    scores = np.full(len(skills), np.inf)
    np.divide(sums, counts, out=scores, where=counts > 0)
    return scores


def survivors(
    skills: NDArray[np.bool_], fitness: ArrayLike, size: int, **same: Unpack[Options]
) -> NDArray[np.intp]:
    """The individuals of highest dominated novelty.

    Args:
        skills: (M, T) bool.
        fitness: (M,) finite.
        size: How many survive; all where there are fewer.
        same: Keywords of :func:`dominated_novelty`; its errors, too.

    Returns:
        Indices, best first; equal scores go to the fitter, then to the older.
    """
    scores = np.round(dominated_novelty(skills, fitness, **same), 12)  # equal means of other ratios are equal
    created = creation(len(scores), same.get("age"))
    return best_first(scores, _fitness(fitness, len(scores)), created=created)[:size]


def _fails(skills: NDArray[np.bool_]) -> NDArray[np.float64]:
    if not len(skills):
        raise InputError("dns: the skill matrix has no individual")
    fails: NDArray[np.float64] = len(skills) - skills.sum(axis=0, dtype=np.float64)
    return fails


def _fitness(fitness: ArrayLike, count: int) -> NDArray[np.float64]:
    values = np.asarray(fitness, dtype=np.float64)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise InputError(f"dns: expected {count} finite fitness values, got {values!r}")
    return values


def _distances(
    skills: NDArray[np.bool_], distance: Distance, difficulty_weighted: bool, denominator: Denominator
) -> NDArray[np.float64]:
    """(M, M) distances from row i to row j, a fresh array.

    Weights are counts of failing rows rather than shares: the factor cancels, and sums of whole numbers are exact, so
    that the order in which a matrix product adds them cannot show.
    """
    solved = skills.astype(np.float64)
    failed = 1.0 - solved
    tasks = skills.shape[1]
    if distance == "hamming":
        one_way = solved @ failed.T
        differ: NDArray[np.float64] = (one_way + one_way.T) / max(tasks, 1)
        return differ
    if distance != "skill_ratio":
        raise InputError(f"dns: distance is hamming or skill_ratio, got {distance!r}")
    weights = _fails(skills) if difficulty_weighted else np.ones(tasks)
    ahead = (solved * weights) @ failed.T
    if denominator == "all":
        whole = np.full(len(skills), weights.sum())
    elif denominator == "unsolved":
        whole = failed @ weights
    else:
        raise InputError(f"dns: denominator is all or unsolved, got {denominator!r}")
    ratios = np.zeros((len(skills), len(skills)))
    np.divide(ahead, whole, out=ratios, where=np.broadcast_to(whole > 0, ratios.shape))
    return ratios


def _fitter(fitness: NDArray[np.float64], ties: Ties, age: ArrayLike | None) -> NDArray[np.bool_]:
    """(M, M) bool: j counts as fitter than i."""
    mine, others = fitness[:, None], fitness[None, :]
    higher: NDArray[np.bool_] = others > mine
    if ties == "strict":
        return higher
    if ties == "ordered":
        created = creation(len(fitness), age)
        older: NDArray[np.bool_] = (others == mine) & (created[None, :] < created[:, None])
        return higher | older
    if ties == "released":
        count = len(fitness)
        after_first = np.arange(count) > int(np.argmax(~higher.any(axis=1)))
        equal: NDArray[np.bool_] = (others == mine) & ~np.eye(count, dtype=np.bool_) & after_first[:, None]
        return higher | equal
    raise InputError(f"dns: ties is ordered, strict or released, got {ties!r}")
