"""What a method of the comparison is: for each N, who answers how often.

Every rival is one formula. A method asks k_i random answers of each pool i of n_i answers (a greedy model is a pool of
one; noisy copies without a choice between them are one pool of copies), and the chance that a question is solved is
1 − Π C(n_i − c_i, k_i) / C(n_i, k_i), c_i of them being right: unbiased and without sampling noise of its own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from acdc.errors import InputError, NotEnoughDataError
from acdc.parsing.section import Section
from evals.correctness import Correctness
from evals.coverage import pass_at_k

Chances = NDArray[np.float64]


class Pick(Section):
    """k answers from one pool.

    Attributes:
        models: Whose answers make up the pool.
        temperature: They were drawn at; 0 is greedy.
        k: How many of them are asked for.
    """

    models: tuple[str, ...]
    temperature: float = 0.0
    k: int = 1


class Method(Section):
    """A row of the table.

    Attributes:
        name: Shown in it.
        group: What kind: taskforce, archive, experts, control, even, noise, big, api.
        picks: For each N what is asked; N for which the method is not defined are absent.
        not_run: Why there are no numbers, for a row without.
    """

    name: str
    group: str
    picks: dict[int, tuple[Pick, ...]] = Field({})
    not_run: str = ""


def rows_of(pick: Pick, matrix: Correctness) -> list[int]:
    """Rows of a pool.

    Raises:
        InputError: One of its models was not evaluated.
    """
    rows = []
    for model in pick.models:
        found = matrix.rows(model, pick.temperature)
        if not found:
            raise InputError(
                f"{matrix.source}: no answers of {model} at temperature {pick.temperature:g}; evaluate again"
            )
        rows += found
    return rows


def solve_chances(picks: Sequence[Pick], matrix: Correctness) -> Chances:
    """(Q,) chance that a question is solved by one of the picked answers; nan where a pool lacks an answer to it.

    Raises:
        InputError: A model was not evaluated.
        NotEnoughDataError: A pool holds fewer than k answers.
    """
    miss = np.ones(len(matrix.questions))
    for pick in picks:
        rows = rows_of(pick, matrix)
        if pick.k > len(rows):
            raise NotEnoughDataError(
                f"{matrix.source}: {pick.k} answers of {', '.join(pick.models)} are asked for, and there are {len(rows)}"
            )
        right = matrix.correct[rows].sum(axis=0)
        table = np.array([1.0 - pass_at_k(len(rows), count, pick.k) for count in range(len(rows) + 1)])
        miss = miss * table[right]
        miss[matrix.missing[rows].any(axis=0)] = np.nan
    return 1.0 - miss


def evenly(n: int, models: Sequence[str], temperature: float) -> tuple[Pick, ...]:
    """N answers spread over models as evenly as can be, the remainder to those listed first (3-3-2)."""
    share, rest = divmod(n, len(models))
    counts = [share + (place < rest) for place in range(len(models))]
    return tuple(
        Pick(models=(model,), temperature=temperature, k=count)
        for model, count in zip(models, counts, strict=True)
        if count
    )
