"""Does it keep inventing? Figures of a run's tasks and models for every generation, read from its finished store.

Nothing of this is kept: all of it follows from what the store has, so that a run need not be made again for another figure.

The *Vendi score* is the effective number of different tasks: the exponential of the entropy of the eigenvalues of K/n, where K holds
the cosines of the tasks' embeddings. It is 1 where all are equal and n where no two have anything in common. The order q is that of
the Rényi entropy; 1 is Shannon's, the usual one.

A pool is as its last evolution left it; a task that was retired since then is already missing from it.

Source: Friedman & Dieng 2023, arXiv:2210.02410; orders: Pasarkar & Dieng 2024, arXiv:2310.12952.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acdc.numbers.exact import cosines
from acdc.storage.store import RunStore
from acdc.tasks.novelty import Embedder, Vectors
from acdc.tasks.task_family import TaskFamily, age

ORDER = 1.0
BANDS = ("nobody", "up to 25%", "up to 50%", "up to 75%", "below 100%", "everybody")
"""Of pass rates: 0, (0, .25], (.25, .5], (.5, .75], (.75, 1), 1."""


@dataclass(frozen=True)
class Openness:
    """One generation.

    Attributes:
        generation: Its number.
        active: Tasks in the pool.
        ever: Tasks ever accepted, the pool's history.
        vendi_pool, vendi_history: Vendi scores of order :data:`ORDER` of the two, in [1, number of tasks].
        accepted: Tasks accepted at the end of this generation, by what was asked for (novel, harder, …).
        rejected: Requests that gave none, by reason.
        newborn: Models born in it.
        new_in_archive: Of these, in the archive at its end.
        gibberish: Of these, dropped as unreadable.
        mean_depth, deepest: How many steps the active tasks are away from a seed task.
        parents: Share of all tasks so far from which another accepted task was made.
        most_children: Accepted tasks made from one task.
        pass_rates: Active tasks by the share of the archive that passes them, in the order of :data:`BANDS`.
        unsolved: Share of the active tasks that no individual of the archive passes; None where no task has a result for all.
    """

    generation: int
    active: int
    ever: int
    vendi_pool: float
    vendi_history: float
    accepted: dict[str, int]
    rejected: dict[str, int]
    newborn: int
    new_in_archive: int
    gibberish: int
    mean_depth: float
    deepest: int
    parents: float
    most_children: int
    pass_rates: dict[str, int]
    unsolved: float | None

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)


def vendi_score(vectors: Vectors, q: float = ORDER) -> float:
    """Effective number of different rows.

    Args:
        vectors: (n, dimensions) unit rows; a row of zeros is like no other.
        q: Order, ≥ 0 (0 counts, 1 is Shannon's entropy, infinity looks at the largest eigenvalue alone).

    Returns:
        In [1, n], at nine places after the point: the last bits of eigenvalues differ between processors. 0 for no rows.

    Raises:
        ValueError: q is negative.
    """
    if q < 0:
        raise ValueError(f"the order of a Vendi score must be at least 0, not {q}")
    if not len(vectors):
        return 0.0
    kernel = cosines(vectors, vectors)
    np.fill_diagonal(kernel, 1.0)
    shares = np.clip(np.linalg.eigvalsh(kernel / len(vectors)), 0.0, None)
    shares = shares[shares > 1e-12] / shares.sum()
    if np.isinf(q):
        score = 1 / shares.max()
    elif q == 1:
        score = np.exp(-np.sum(shares * np.log(shares)))
    else:
        score = np.sum(shares**q) ** (1 / (1 - q))
    return round(float(score), 9)


def openness(store: RunStore, embedder: Embedder) -> list[Openness]:
    """The figures of every generation of a finished run, oldest first.

    Args:
        store: The run's store.
        embedder: For the Vendi scores; those of two runs can be compared only by one embedder.
    """
    tasks = [TaskFamily.from_json(json.loads(row.document)) for row in store.tasks()]
    tasks.sort(key=lambda task: age(task.id))
    since = {row.id: row.generation for row in store.tasks()}
    rows = dict(zip((task.id for task in tasks), embedder.embed([task.text for task in tasks]), strict=True))
    verdicts, depths = _verdicts(store), _depths(tasks)
    kinds = {task.id: task.provenance.kind for task in tasks}
    pools = {row.generation: (json.loads(row.snapshot), json.loads(row.events)) for row in store.pools()}
    found: list[Openness] = []
    pool = _Pool([], [], 0.0, 0.0)
    for generation in store.generations():
        number, statistics = generation.generation, generation.statistics
        told: list[dict[str, Any]] = []
        if number in pools:
            state, told = pools[number]
            ever = [task for task in tasks if since[task.id] <= number]
            pool = _Pool.of(state["active"], ever, rows)
        rates = [_pass_rate(verdicts.get(task, {}), generation.archive) for task in pool.active]
        known = [rate for rate in rates if rate is not None]
        children = Counter(task.provenance.parent for task in pool.ever if task.provenance.parent)
        found.append(
            Openness(
                generation=number,
                active=len(pool.active),
                ever=len(pool.ever),
                vendi_pool=pool.vendi,
                vendi_history=pool.vendi_history,
                accepted=_counted(kinds[one["task"]] for one in told if one["kind"] == "accepted"),
                rejected=_counted(one["rejection"]["reason"] for one in told if one["kind"] == "rejected"),
                newborn=int(statistics["newborn"]),
                new_in_archive=int(statistics["new_in_archive"]),
                gibberish=int(statistics["gibberish"]),
                mean_depth=float(np.mean([depths[id] for id in pool.active])) if pool.active else 0.0,
                deepest=max((depths[id] for id in pool.active), default=0),
                parents=len(children) / len(pool.ever) if pool.ever else 0.0,
                most_children=max(children.values(), default=0),
                pass_rates=banded(known),
                unsolved=sum(rate == 0 for rate in known) / len(known) if known else None,
            )
        )
    return found


def banded(rates: Sequence[float]) -> dict[str, int]:
    """How many pass rates lie in each of :data:`BANDS`."""
    inner = [max(1, math.ceil(4 * rate - 1e-9)) for rate in rates]
    counts = Counter(
        0 if rate == 0 else 5 if rate == 1 else at for rate, at in zip(rates, inner, strict=True)
    )
    return {name: counts[place] for place, name in enumerate(BANDS)}


@dataclass(frozen=True)
class _Pool:
    """What stays the same from one evolution of the pool to the next."""

    active: list[str]
    ever: list[TaskFamily]
    vendi: float
    vendi_history: float

    @classmethod
    def of(
        cls, active: list[str], ever: list[TaskFamily], rows: Mapping[str, NDArray[np.float64]]
    ) -> "_Pool":
        def score(ids: Sequence[str]) -> float:
            return vendi_score(np.stack([rows[id] for id in ids])) if ids else 0.0

        return cls(active, ever, score(active), score([task.id for task in ever]))


def _verdicts(store: RunStore) -> dict[str, dict[str, list[bool | None]]]:
    """For each task and individual whether its examples were passed; None for a missing result."""
    found: dict[str, dict[str, list[bool | None]]] = {}
    for individual, task, verdict in store.verdicts():
        passed = None if verdict == "missing" else verdict == "pass"
        found.setdefault(task, {}).setdefault(individual, []).append(passed)
    return found


def _pass_rate(answered: Mapping[str, Sequence[bool | None]], archive: Sequence[str]) -> float | None:
    """Share of an archive that passes a task, the mean over its examples; None where a result is missing."""
    rates = []
    for individual in archive:
        passed = [one for one in answered.get(individual, [None]) if one is not None]
        if len(passed) < len(answered.get(individual, [None])):
            return None
        rates.append(sum(passed) / len(passed))
    return sum(rates) / len(rates) if rates else None


def _depths(tasks: Sequence[TaskFamily]) -> dict[str, int]:
    """Steps from a seed; parents come before their children in order of age."""
    depths: dict[str, int] = {}
    for task in tasks:
        parent = task.provenance.parent
        depths[task.id] = 0 if parent is None else depths.get(parent, 0) + 1
    return depths


def _counted(names: Any) -> dict[str, int]:
    return dict(sorted(Counter[str](names).items()))
