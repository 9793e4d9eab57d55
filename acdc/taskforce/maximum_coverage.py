"""The task force: the N individuals that together solve most tasks.

`greedy` is within 1 − 1/e of the optimum by theory and within a percent in practice; `exact` proves how near. The rivals
`by_fitness`, `by_random` and `by_dns` choose from the same candidates, so that tables can show what choosing is worth.
Forced members come first and count towards N; no candidate is chosen twice. Needs no torch; SciPy only for `exact`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acdc.errors import InfrastructureError, InputError
from acdc.selection import dns
from acdc.skills import as_skills, coverage

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Optimum:
    """The best task force found, and what is known about better ones.

    Attributes:
        indices: (n,) members, forced ones first.
        coverage: Share of tasks that they cover.
        bound: No n individuals cover more than this share.
        proven: Whether coverage equals bound.
    """

    indices: Indices
    coverage: float
    bound: float
    proven: bool


def greedy(
    skills: NDArray[np.bool_],
    n: int,
    *,
    forced: Sequence[int] = (),
    excluded: Sequence[int] = (),
    stop_when_full: bool = False,
) -> Indices:
    """Adds, one by one, the candidate that solves most of the unsolved tasks.

    Ties go to the higher fitness (row mean), then to the lower index, the older. The first m members of a task force
    of n are the task force of m.

    Args:
        skills: (M, T) bool, candidates in order of creation.
        n: Members wanted.
        forced: Rows that are in, in this order.
        excluded: Rows that stay out.
        stop_when_full: Stop when no candidate adds a task, with fewer than n members.

    Returns:
        Row indices in order of choice.

    Raises:
        InputError: n members cannot be had, or a row is unknown, listed twice, or both forced and excluded.
    """
    skills = as_skills(skills)
    allowed = _allowed(len(skills), n, forced, excluded)
    solved = skills.astype(np.float32)  # counts up to 2^24 are exact
    uncovered = ~skills[list(forced)].any(axis=0)
    # One number that orders by fitness, then by age: strictly below 1, so that it only breaks ties of whole gains.
    places = np.lexsort((np.arange(len(skills)), -skills.sum(axis=1)))
    precedence = np.empty(len(skills))
    precedence[places] = np.arange(len(skills), 0, -1) / (len(skills) + 1)
    chosen = list(forced)
    while len(chosen) < n:
        gains = (solved @ uncovered.astype(np.float32)).astype(np.float64)
        best = int(np.argmax(np.where(allowed, gains + precedence, -1.0)))
        if stop_when_full and gains[best] == 0:
            break
        chosen.append(best)
        allowed[best] = False
        uncovered &= ~skills[best]
    return np.array(chosen, dtype=np.intp)


def exact(
    skills: NDArray[np.bool_],
    n: int,
    *,
    forced: Sequence[int] = (),
    excluded: Sequence[int] = (),
    node_limit: int | None = None,
) -> Optimum:
    """The best n individuals by integer programming (HiGHS), with the bound that was proved.

    Args:
        skills: (M, T) bool, at least one task.
        n: Members wanted.
        forced: Rows that are in.
        excluded: Rows that stay out.
        node_limit: Nodes of the search after which the best so far is returned, unproven. A limit on time would make
            the answer depend on the machine.

    Returns:
        Never worse than `greedy`.

    Raises:
        InputError: As for :func:`greedy`.
        InfrastructureError: The solver failed.
    """
    skills = as_skills(skills)
    if node_limit is not None and node_limit < 1:
        raise InputError(f"task force: node_limit is at least 1, or none for no limit; got {node_limit}")
    start = greedy(skills, n, forced=forced, excluded=excluded)
    tasks = skills.shape[1]
    best, best_coverage = start, coverage(skills[start])
    candidates = np.flatnonzero(_allowed(len(skills), n, forced, excluded))
    candidates = candidates[_undominated(skills[candidates])]
    settled = skills[list(forced)].any(axis=0)
    columns, weights = np.unique(skills[np.ix_(candidates, ~settled)], axis=1, return_counts=True)
    useful = columns.any(axis=0)
    columns, weights = columns[:, useful], weights[useful]
    free = n - len(forced)
    base = int(settled.sum())
    if free == 0 or columns.shape[1] == 0 or len(candidates) <= free:
        # All that could be gained is gained: every candidate that matters fits in, and greedy takes those who add.
        bound = base + (int(weights.sum()) if free else 0)
    else:
        found, gained = _solve(columns, weights, free, node_limit)
        bound = base + min(gained, int(weights.sum()))
        if found is not None:
            members = greedy(skills, n, forced=[*forced, *candidates[found].tolist()], excluded=excluded)
            if coverage(skills[members]) > best_coverage:
                best, best_coverage = members, coverage(skills[members])
    reached = int(skills[best].any(axis=0).sum())
    return Optimum(best, best_coverage, max(bound, reached) / tasks, bound <= reached)


def by_fitness(
    skills: NDArray[np.bool_], n: int, *, forced: Sequence[int] = (), excluded: Sequence[int] = ()
) -> Indices:
    """The n fittest (row means), forced first; equals go to the older. Arguments and errors as for :func:`greedy`."""
    skills = as_skills(skills)
    allowed = _allowed(len(skills), n, forced, excluded)
    order = np.lexsort((np.arange(len(skills)), -skills.sum(axis=1)))
    return _filled(n, forced, order[allowed[order]])


def by_random(
    skills: NDArray[np.bool_],
    n: int,
    generator: np.random.Generator,
    *,
    forced: Sequence[int] = (),
    excluded: Sequence[int] = (),
) -> Indices:
    """Any n at random, forced first, the rest drawn from `generator`. Arguments and errors as for :func:`greedy`."""
    allowed = _allowed(len(as_skills(skills)), n, forced, excluded)
    return _filled(n, forced, generator.permutation(np.flatnonzero(allowed)))


def by_dns(
    skills: NDArray[np.bool_], n: int, *, forced: Sequence[int] = (), excluded: Sequence[int] = ()
) -> Indices:
    """The n of highest dominated novelty among all candidates that are not excluded, forced first.

    Arguments and errors as for :func:`greedy`; the settings of dns are its defaults.
    """
    skills = as_skills(skills)
    allowed = _allowed(len(skills), n, forced, excluded)
    present = np.flatnonzero(~np.isin(np.arange(len(skills)), excluded))
    order = present[dns.survivors(skills[present], skills[present].mean(axis=1), len(present))]
    return _filled(n, forced, order[allowed[order]])


def _filled(n: int, forced: Sequence[int], order: NDArray[np.intp]) -> Indices:
    return np.array([*forced, *order[: n - len(forced)].tolist()], dtype=np.intp)


def _allowed(count: int, n: int, forced: Sequence[int], excluded: Sequence[int]) -> NDArray[np.bool_]:
    """(M,) bool: neither forced nor excluded, after checking that n members can be had."""
    named = [*forced, *excluded]
    if any(not 0 <= row < count for row in named):
        raise InputError(f"task force: forced and excluded are rows 0 to {count - 1}, got {named}")
    if len(set(forced)) != len(forced) or set(forced) & set(excluded):
        raise InputError("task force: a candidate is forced twice, or both forced and excluded")
    available = count - len(set(excluded))
    if n < max(1, len(forced)) or n > available:
        raise InputError(
            f"task force: cannot have {n} members, {len(forced)} of them forced, from {available} candidates"
        )
    allowed = np.ones(count, dtype=np.bool_)
    allowed[np.array(named, dtype=np.intp)] = False
    return allowed


def _undominated(skills: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(M,) bool: no other row solves all that this one solves (of equal rows the first stays)."""
    solved = skills.astype(np.float32)
    lacks = solved @ (1 - solved).T  # tasks that i solves and j does not
    within: NDArray[np.bool_] = lacks == 0
    index = np.arange(len(skills))
    better: NDArray[np.bool_] = within & (~within.T | (index[None, :] < index[:, None]))
    np.fill_diagonal(better, False)
    worse: NDArray[np.bool_] = np.any(better, axis=1)
    return np.logical_not(worse)


def _solve(
    columns: NDArray[np.bool_], weights: NDArray[np.int64], free: int, node_limit: int | None
) -> tuple[NDArray[np.intp] | None, int]:
    """The chosen rows, or None where none was found, and an upper bound of the weight of covered columns."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, eye_array, hstack

    rows, kinds = columns.shape
    covers = LinearConstraint(hstack([csr_array(columns.T.astype(float)), -eye_array(kinds)]), lb=0)
    budget = LinearConstraint(np.concatenate([np.ones(rows), np.zeros(kinds)])[None, :], ub=free)
    result = milp(
        c=np.concatenate([np.zeros(rows), -weights.astype(float)]),
        # Whether a task is covered follows from who is in, so only membership has to be whole.
        integrality=np.concatenate([np.ones(rows), np.zeros(kinds)]),
        bounds=Bounds(0, 1),
        constraints=[covers, budget],
        options={"mip_rel_gap": 0.0}
        if node_limit is None
        else {"mip_rel_gap": 0.0, "node_limit": node_limit},
    )
    # SciPy has no name for HiGHS's "solution limit", which is how a limit on nodes ends: status 4, "other".
    ended_by_limit = node_limit is not None and result.status in (1, 4)
    if result.status != 0 and not ended_by_limit:
        raise InfrastructureError(f"task force: the integer programme failed: {result.message}")
    dual = result.mip_dual_bound
    # Whole tasks are covered, so the bound may be rounded down, once the solver's tolerance is added.
    gained = int(weights.sum())
    if dual is not None and math.isfinite(dual):
        gained = min(gained, math.floor(-dual + 1e-6 * max(1.0, abs(dual))))
    found = None if result.x is None else np.flatnonzero(np.round(result.x[:rows]) == 1)[:free]
    return found, gained
