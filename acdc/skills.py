"""Who solves what: the skill matrix, and coverage.

Rows are individuals, columns are tasks, and a cell is one of three outcomes: pass, fail, missing. Missing is never
counted as a fail: what compares individuals (fitness, selection, the choice of a task force) looks only at columns
that are complete for all of them, so that all individuals are judged on the same tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acdc.errors import InputError, NotEnoughDataError

PASS, FAIL, MISSING = 1, 0, -1


def coverage(skills: NDArray[np.bool_]) -> float:
    """The share of tasks that at least one individual solves.

    Args:
        skills: (M, T) bool, individuals in rows. M may be 0, then nothing is covered.

    Returns:
        A ratio in [0, 1].

    Raises:
        NotEnoughDataError: There is no task.
    """
    skills = as_skills(skills)
    if skills.shape[1] == 0:
        raise NotEnoughDataError("coverage needs at least one task; the skill matrix has none")
    return float(np.mean(skills.any(axis=0)))


def as_skills(skills: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The argument as a (M, T) bool array.

    Raises:
        InputError: It has not two dimensions, or holds other values than 0 and 1.
    """
    array = np.asarray(skills)
    if array.ndim != 2:
        raise InputError(
            f"a skill matrix has individuals in rows and tasks in columns; got shape {array.shape}"
        )
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise InputError("a skill matrix holds only pass and fail; take the complete columns first")
    return array.astype(np.bool_, copy=False)


@dataclass(frozen=True)
class SkillMatrix:
    """Individuals × tasks → pass, fail, missing.

    Attributes:
        individuals: M names of rows, unique.
        tasks: T names of columns, unique.
        cells: (M, T) int8: 1 pass, 0 fail, −1 missing. Not writeable.
    """

    individuals: tuple[str, ...]
    tasks: tuple[str, ...]
    cells: NDArray[np.int8]

    def __post_init__(self) -> None:
        cells = np.array(self.cells, dtype=np.int8)
        expected = (len(self.individuals), len(self.tasks))
        if cells.shape != expected:
            raise InputError(
                f"skill matrix: expected {expected[0]} × {expected[1]} cells, got shape {cells.shape}"
            )
        if not np.isin(cells, (PASS, FAIL, MISSING)).all():
            raise InputError("skill matrix: a cell is 1 (pass), 0 (fail) or -1 (missing)")
        for what, names in (("individual", self.individuals), ("task", self.tasks)):
            if len(set(names)) != len(names):
                raise InputError(f"skill matrix: the same {what} stands there twice")
        cells.flags.writeable = False
        object.__setattr__(self, "cells", cells)

    @classmethod
    def from_results(
        cls,
        individuals: Sequence[str],
        tasks: Sequence[str],
        results: Iterable[tuple[str, str, bool | None]],
    ) -> SkillMatrix:
        """A matrix from single results; a cell without a result, or with None, is missing.

        Args:
            individuals: Names of rows, in order.
            tasks: Names of columns, in order.
            results: (individual, task, passed or None). Of two results for a cell the later one counts; results of
                individuals or tasks that are not listed are left out.
        """
        row = {name: i for i, name in enumerate(individuals)}
        column = {name: t for t, name in enumerate(tasks)}
        cells = np.full((len(row), len(column)), MISSING, dtype=np.int8)
        for individual, task, passed in results:
            if individual in row and task in column:
                cells[row[individual], column[task]] = MISSING if passed is None else int(passed)
        return cls(tuple(individuals), tuple(tasks), cells)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(M, T) bool: which cells have no result."""
        missing: NDArray[np.bool_] = self.cells == MISSING
        return missing

    @property
    def missing_rate(self) -> float:
        """The share of cells without a result; 0 for a matrix without cells."""
        return float(self.missing.mean()) if self.cells.size else 0.0

    def complete(self) -> SkillMatrix:
        """The columns that have a result for every individual."""
        keep: NDArray[np.bool_] = ~np.any(self.missing, axis=0)
        names = tuple(name for name, kept in zip(self.tasks, keep.tolist(), strict=True) if kept)
        return SkillMatrix(self.individuals, names, self.cells[:, keep])

    @property
    def skills(self) -> NDArray[np.bool_]:
        """(M, T) bool of a complete matrix.

        Raises:
            NotEnoughDataError: A cell is missing; take :meth:`complete` first.
        """
        if self.missing.any():
            raise NotEnoughDataError("the skill matrix has missing cells: use its complete columns")
        passed: NDArray[np.bool_] = self.cells == PASS
        return passed

    @property
    def fitness(self) -> NDArray[np.float64]:
        """(M,) share of the complete columns that each individual solves.

        Raises:
            NotEnoughDataError: No column is complete.
        """
        complete = self.complete()
        if not complete.tasks:
            raise NotEnoughDataError("no task has a result for every individual, so fitness is not defined")
        return np.asarray(complete.skills.mean(axis=1), dtype=np.float64)

    @property
    def pass_rates(self) -> NDArray[np.float64]:
        """(T,) share of the present results of each task that pass; nan where it has none."""
        known = (~self.missing).sum(axis=0)
        passed = (self.cells == PASS).sum(axis=0)
        rates = np.full(len(self.tasks), np.nan)
        np.divide(passed, known, out=rates, where=known > 0)
        return rates

    def rows(self, individuals: Sequence[str]) -> SkillMatrix:
        """The rows of these individuals, in this order.

        Raises:
            InputError: One of them is not in the matrix.
        """
        position = {name: i for i, name in enumerate(self.individuals)}
        unknown = [name for name in individuals if name not in position]
        if unknown:
            raise InputError(f"skill matrix: no individual {unknown[0]!r}")
        return SkillMatrix(
            tuple(individuals), self.tasks, self.cells[[position[name] for name in individuals]]
        )
