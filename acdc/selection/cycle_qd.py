"""CycleQD: one MAP-Elites grid for each niche of tasks, whose quality takes turns.

Source: Kuroki et al., Agent Skill Acquisition for Large Language Models via CycleQD (arXiv:2410.14735), sections 3 and 4; MAP-Elites
is Mouret and Clune, Illuminating search spaces (arXiv:1504.04909).

The rule. Tasks fall into K niches (there: K benchmarks); p_ij is the share of niche j's tasks that individual i solves.
*Grids*: grid q has quality p_iq and the other K − 1 performances as behaviour dimensions, each cut into `bins` intervals of equal
width; a cell keeps the individual of highest quality, among equals the oldest. Every individual is offered to all K grids.
*Survivors*: each elite of a grid; all other individuals are dropped.
*Parents*: in generation t grid t mod K (niches in alphabetical order) is active, and parents are drawn from its elites, elite j with a
probability in proportion to γ_j = Π_k (0.5 + 0.3 n_jk), n_jk being p_jk min–max normalised over these elites ("elite sampling").

Differences, each because the pool of tasks may change here and archives of all variants must be equally large:
- Intervals divide [0, 1]. (There: from 85% of the weakest to 115% of the strongest expert.) With bounds that do not move, grids made afresh
  from the survivors and their children are the grids that single insertions would have given.
- No more than `size` survive: the grids hand over their elites in turn, best first, beginning with the active grid. (There: no limit.)
- A niche is a task's group, or the domain of its capability; beyond `most_niches` the rarest are one niche, "others".
- Where the active grid has one elite only, parents are drawn from all survivors.
Crossover and mutation are the run's own, the same as in every variant.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acdc.errors import InputError, NotEnoughDataError
from acdc.selection.order import best_first, creation
from acdc.selection.rule import Parents
from acdc.skills import as_skills

LOW, HIGH = 0.5, 0.8
"""What the worst and the best elite of a niche contribute to the odds of being a parent (there: α_low, α_high)."""
OTHERS = "others"


def performance(
    skills: NDArray[np.bool_], niches: Sequence[str], most_niches: int = 8
) -> tuple[list[str], NDArray[np.float64]]:
    """Share of each niche's tasks that each individual solves.

    Args:
        skills: (M, T) bool.
        niches: (T,) the niche of each task.
        most_niches: More niches than that are too many dimensions: the rarest become one.

    Returns:
        K names in alphabetical order, and (M, K) ratios in [0, 1].

    Raises:
        InputError: There are not T niches.
        NotEnoughDataError: All tasks are of one niche: there is no behaviour dimension.
    """
    skills = as_skills(skills)
    if len(niches) != skills.shape[1]:
        raise InputError(f"cycle_qd: {len(niches)} niches for {skills.shape[1]} tasks")
    counts = Counter(niches)
    common = sorted(counts, key=lambda name: (-counts[name], name))
    if len(common) > most_niches:
        common = common[: most_niches - 1]
    labels = [name if name in common else OTHERS for name in niches]
    names = sorted(set(labels))
    if len(names) < 2:
        raise NotEnoughDataError(
            f"cycle_qd needs tasks of at least two niches, there are {len(names)} ({', '.join(names) or 'no tasks'}); "
            "take tasks of several groups or capabilities, or another rule (evolution.selection.rule)"
        )
    columns = [np.array([label == name for label in labels]) for name in names]
    return names, np.stack([skills[:, some].mean(axis=1) for some in columns], axis=1)


def elites(
    values: NDArray[np.float64], quality: int, *, bins: int = 15, age: ArrayLike | None = None
) -> NDArray[np.intp]:
    """The elites of one grid.

    Args:
        values: (M, K) of :func:`performance`.
        quality: Column that is the quality; the others are the dimensions.
        bins: Intervals of each dimension.
        age: (M,) creation numbers, smaller is older; row order where none is given.

    Returns:
        Indices, best quality first, one for each cell that holds an individual.

    Raises:
        InputError: `bins` is below 1.
    """
    if bins < 1:
        raise InputError(f"cycle_qd: bins is at least 1; got {bins}")
    # A share like 7/10 may lie a rounding error below its border; the slack is far below any difference of shares.
    cells = np.minimum((np.delete(values, quality, axis=1) * bins + 1e-9).astype(np.int64), bins - 1)
    order = best_first(values[:, quality], created=creation(len(values), age))
    taken: set[bytes] = set()
    kept = []
    for i in order:
        cell = cells[i].tobytes()
        if cell not in taken:
            taken.add(cell)
            kept.append(i)
    return np.array(kept, dtype=np.intp)


def survivors(
    skills: NDArray[np.bool_],
    niches: Sequence[str],
    size: int,
    *,
    turn: int = 0,
    bins: int = 15,
    most_niches: int = 8,
    age: ArrayLike | None = None,
) -> NDArray[np.intp]:
    """Elites of any grid, handed over in turn by the grids, beginning with the active one.

    Args:
        skills: (M, T) bool.
        niches: (T,) the niche of each task.
        size: Most that survive.
        turn: The generation; grid `turn` mod K is active.
        bins: Intervals of each dimension.
        most_niches: As of :func:`performance`.
        age: (M,) creation numbers, smaller is older; row order where none is given.

    Returns:
        Indices in the order in which they were handed over; fewer than `size` where there are fewer elites.
    """
    names, values = performance(skills, niches, most_niches)
    count = len(names)
    grids = [elites(values, (turn + k) % count, bins=bins, age=age).tolist() for k in range(count)]
    kept: list[int] = []
    while len(kept) < size and any(grids):
        for grid in grids:
            while grid and grid[0] in kept:
                grid.pop(0)
            if grid and len(kept) < size:
                kept.append(grid.pop(0))
    return np.array(kept, dtype=np.intp)


def parents(
    skills: NDArray[np.bool_],
    niches: Sequence[str],
    *,
    turn: int,
    bins: int = 15,
    most_niches: int = 8,
    age: ArrayLike | None = None,
) -> Parents:
    """Elites of the active grid with the odds of elite sampling.

    Args:
        skills: (M, T) bool.
        niches: (T,) the niche of each task.
        turn: The generation that is bred; grid `turn` mod K is active.
        bins: Intervals of each dimension.
        most_niches: As of :func:`performance`.
        age: (M,) creation numbers, smaller is older; row order where none is given.
    """
    names, values = performance(skills, niches, most_niches)
    chosen = elites(values, turn % len(names), bins=bins, age=age)
    if len(chosen) < 2:
        chosen = np.arange(len(values), dtype=np.intp)
    own = values[chosen]
    spread = np.ptp(own, axis=0)
    shares = np.divide(own - own.min(axis=0), spread, out=np.zeros_like(own), where=spread > 0)
    odds = (LOW + shares * (HIGH - LOW)).prod(axis=1)
    return Parents(chosen, odds / odds.sum())
