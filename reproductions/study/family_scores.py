"""Coverage of the methods of one family, as a study over families needs it, whether from a comparison or from kept answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from acdc.errors import InputError, NotEnoughDataError
from reproductions.kept_answers import KeptAnswers, called, read_answers

if TYPE_CHECKING:
    from evals.comparison.document import Comparison


@dataclass(frozen=True)
class MethodScores:
    """A method's coverage.

    Attributes:
        id: As in :class:`evals.comparison.document.MethodResult`.
        name: Likewise.
        coverage: For each N and benchmark, a share in [0, 1], the mean over run seeds.
    """

    id: str
    name: str
    coverage: Mapping[int, Mapping[str, float]]

    def called(self, pattern: str) -> bool:
        """Whether this is its id or its name; * stands for anything."""
        return called(self, pattern)

    def mean(self, n: int) -> float:
        """Over benchmarks."""
        values = self.coverage[n].values()
        return sum(values) / len(values)


@dataclass(frozen=True)
class FamilyScores:
    """A family's methods.

    Attributes:
        family: Its name.
        benchmarks: With how many questions each are compared.
        runs: Run seeds.
        methods: That were measured.
    """

    family: str
    benchmarks: Mapping[str, int]
    runs: int
    methods: tuple[MethodScores, ...]

    def method(self, pattern: str, n: int) -> MethodScores:
        """The one method of that id or name that has an answer at N.

        Raises:
            InputError: The pattern means several methods.
            NotEnoughDataError: It means none.
        """
        found = [method for method in self.methods if method.called(pattern)]
        if len(found) > 1:
            raise InputError(f"study: {pattern!r} means {' and '.join(method.id for method in found)}")
        if not found or n not in found[0].coverage:
            raise NotEnoughDataError(f"study: {self.family} has no {pattern} at N={n}")
        return found[0]


def scores_of(comparison: "Comparison") -> FamilyScores:
    """The scores of a comparison."""
    return FamilyScores(
        comparison.family,
        comparison.benchmarks,
        len(comparison.runs),
        tuple(
            MethodScores(method.id, method.name, {at.n: at.benchmarks for at in method.coverage})
            for method in comparison.methods
        ),
    )


def scores(path: Path) -> list[FamilyScores]:
    """Coverage of each method in each family, computed from the kept answers.

    Raises:
        InputError: The file is missing or damaged.
    """
    return [_scores(kept) for kept in read_answers(path)]


def _scores(kept: KeptAnswers) -> FamilyScores:
    keep = {
        name: np.logical_and.reduce(
            [np.isfinite(entry.chances(n, name)).all(axis=0) for entry in kept.methods for n in entry.sizes()]
        )
        for name in kept.benchmarks
    }
    return FamilyScores(
        family=kept.family,
        benchmarks={name: int(mask.sum()) for name, mask in keep.items()},
        runs=max(len(entry.picks) for entry in kept.methods),
        methods=tuple(
            MethodScores(
                entry.id,
                entry.name,
                {
                    n: {name: float(entry.chances(n, name)[:, mask].mean()) for name, mask in keep.items()}
                    for n in entry.sizes()
                },
            )
            for entry in kept.methods
        ),
    )
